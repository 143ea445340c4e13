"""Matrix times many tokens: panels decoded once for each group of rows, multiplied tile by tile."""

from __future__ import annotations

from octavo.engine.kernels.descriptor import AFFINE, COLUMNS, KIND, PANEL, SCALED, SCALED_16, SHIFT
from octavo.engine.kernels.panel import PANEL as PANEL_BYTES
from octavo.engine.kernels.tile import (
    TOKENS,
    affine_16_single,
    affine_16_tile,
    affine_single,
    affine_tile,
    float_single,
    float_tile_many,
    scaled_16_single,
    scaled_16_tile,
    scaled_single,
    scaled_tile,
)
from octavo.engine.simd.jit import kernel, separate
from octavo.engine.simd.lowering import i64, operation
from octavo.engine.simd.memory import get_i64

GROUPS_TOGETHER = 4  # panels kept while the tokens pass, so that activations are read a quarter as often


@operation("l:pppp")
def call_panel(b, function, w, group, out):
    """Call a panel entry by its address."""
    return _call(b, function, w, group, out)


@operation("l:ppppppp")
def call_matvec(b, function, w, x, out, first, last, accumulate):
    """Call a matrix-vector entry by its address."""
    return _call(b, function, w, x, out, first, last, accumulate)


def _call(b, function, *arguments):
    from llvmlite import ir

    kind = ir.FunctionType(i64, [i64] * len(arguments))
    return b.call(b.inttoptr(function, ir.PointerType(kind)), list(arguments))


@separate
def _scaled(n, panel, x, x_stride, out, out_stride, shift, accumulate, n_tokens):
    t = 0
    while t + TOKENS <= n_tokens:
        scaled_tile(n, panel, x + t * x_stride, x_stride, out + t * out_stride, out_stride, shift, accumulate)
        t += TOKENS
    while t < n_tokens:
        scaled_single(
            n, panel, x + t * x_stride, x_stride, out + t * out_stride, out_stride, shift, accumulate
        )
        t += 1


@separate
def _affine(n, panel, x, x_stride, out, out_stride, shift, accumulate, n_tokens):
    t = 0
    while t + TOKENS <= n_tokens:
        affine_tile(n, panel, x + t * x_stride, x_stride, out + t * out_stride, out_stride, shift, accumulate)
        t += TOKENS
    while t < n_tokens:
        affine_single(
            n, panel, x + t * x_stride, x_stride, out + t * out_stride, out_stride, shift, accumulate
        )
        t += 1


@separate
def _scaled_16(n, panel, x, x_stride, out, out_stride, shift, accumulate, n_tokens):
    t = 0
    while t + TOKENS <= n_tokens:
        scaled_16_tile(
            n, panel, x + t * x_stride, x_stride, out + t * out_stride, out_stride, shift, accumulate
        )
        t += TOKENS
    while t < n_tokens:
        scaled_16_single(
            n, panel, x + t * x_stride, x_stride, out + t * out_stride, out_stride, shift, accumulate
        )
        t += 1


@separate
def _affine_16(n, panel, x, x_stride, out, out_stride, shift, accumulate, n_tokens):
    t = 0
    while t + TOKENS <= n_tokens:
        affine_16_tile(
            n, panel, x + t * x_stride, x_stride, out + t * out_stride, out_stride, shift, accumulate
        )
        t += TOKENS
    while t < n_tokens:
        affine_16_single(
            n, panel, x + t * x_stride, x_stride, out + t * out_stride, out_stride, shift, accumulate
        )
        t += 1


@separate
def _float(n, panel, x, x_stride, out, out_stride, accumulate, n_tokens):
    t = 0
    while t + TOKENS <= n_tokens:
        float_tile_many(n, panel, x + t * x_stride, x_stride, out + t * out_stride, out_stride, accumulate)
        t += TOKENS
    while t < n_tokens:
        float_single(n, panel, x + t * x_stride, x_stride, out + t * out_stride, out_stride, accumulate)
        t += 1


@kernel
def group_panel_bytes(w):
    """Bytes of one group's panel."""
    columns = get_i64(w + COLUMNS)
    return columns * 64 if get_i64(w + KIND) == 0 else columns // 32 * PANEL_BYTES


@separate
def matmul(w, x, x_stride, out, out_stride, first, last, accumulate, n_tokens, scratch):
    """``out[t, rows] = W x[t]`` (or ``+=``) for groups ``first`` to ``last`` and all tokens.

    Parameters
    ----------
    w : address
        Weight descriptor.
    x, x_stride : address, bytes
        Activation records, or float32 for unquantized weights.
    out, out_stride : address, bytes
        float32.
    scratch : address
        Room for ``GROUPS_TOGETHER`` panels.
    """
    size = group_panel_bytes(w)
    columns = get_i64(w + COLUMNS)
    kind = get_i64(w + KIND)
    shift = get_i64(w + SHIFT)
    rows_bytes = 64
    for start in range(first, last, GROUPS_TOGETHER):
        n_groups = min(GROUPS_TOGETHER, last - start)
        for g in range(n_groups):
            call_panel(get_i64(w + PANEL), w, start + g, scratch + g * size)
        # A slice of tokens stays in the caches while the panels pass.
        for t in range(0, n_tokens, 4 * TOKENS):
            n = min(4 * TOKENS, n_tokens - t)
            here = x + t * x_stride
            for g in range(n_groups):
                panel = scratch + g * size
                to = out + t * out_stride + (start + g) * rows_bytes
                if kind == SCALED:
                    _scaled(columns // 32, panel, here, x_stride, to, out_stride, shift, accumulate, n)
                elif kind == AFFINE:
                    _affine(columns // 32, panel, here, x_stride, to, out_stride, shift, accumulate, n)
                elif kind == SCALED_16:
                    _scaled_16(columns // 32, panel, here, x_stride, to, out_stride, shift, accumulate, n)
                elif kind == 0:
                    _float(columns, panel, here, x_stride, to, out_stride, accumulate, n)
                else:
                    _affine_16(columns // 32, panel, here, x_stride, to, out_stride, shift, accumulate, n)
    return 0
