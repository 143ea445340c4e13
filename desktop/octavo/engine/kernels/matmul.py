"""Matrix times many tokens: panels decoded once for each group of rows, multiplied tile by tile."""

from __future__ import annotations

from octavo.engine.kernels.descriptor import (
    AFFINE,
    AFFINE_16,
    COLUMNS,
    FLOAT,
    KIND,
    PANEL,
    SCALED,
    SCALED_16,
    SHIFT,
    TILE,
)
from octavo.engine.kernels.panel import PANEL as PANEL_BYTES
from octavo.engine.kernels.tile import TOKENS, float_tile, quantized_tile
from octavo.engine.simd.jit import entry, kernel, separate, variant
from octavo.engine.simd.lowering import emit_call, operation
from octavo.engine.simd.memory import get_i64

GROUPS_TOGETHER = 4  # panels kept while the tokens pass, so that activations are read a quarter as often


@operation("l:pppp")
def call_panel(b, function, w, group, out):
    """Call a panel entry by its address."""
    return emit_call(b, function, w, group, out)


@operation("l:ppppppp")
def call_matvec(b, function, w, x, out, first, last, accumulate):
    """Call a matrix-vector entry by its address."""
    return emit_call(b, function, w, x, out, first, last, accumulate)


def _over_tokens(name, many, single):
    """All tokens by tiles, the rest one by one."""

    @variant(name)
    def run(n, panel, x, x_stride, out, out_stride, shift, accumulate, n_tokens):
        t = 0
        while t + TOKENS <= n_tokens:
            many(n, panel, x + t * x_stride, x_stride, out + t * out_stride, out_stride, shift, accumulate)
            t += TOKENS
        while t < n_tokens:
            single(n, panel, x + t * x_stride, x_stride, out + t * out_stride, out_stride, shift, accumulate)
            t += 1
        return 0

    return run


_scaled = _over_tokens("SCALED", quantized_tile(TOKENS, SCALED), quantized_tile(1, SCALED))
_affine = _over_tokens("AFFINE", quantized_tile(TOKENS, AFFINE), quantized_tile(1, AFFINE))
_scaled_16 = _over_tokens("SCALED_16", quantized_tile(TOKENS, SCALED_16), quantized_tile(1, SCALED_16))
_affine_16 = _over_tokens("AFFINE_16", quantized_tile(TOKENS, AFFINE_16), quantized_tile(1, AFFINE_16))
_float = _over_tokens("FLOAT", float_tile(TOKENS), float_tile(1))


@entry
def tiles_scaled(n, panel, x, x_stride, out, out_stride, shift, accumulate, n_tokens):
    """Scales for 32 columns."""
    return _scaled(n, panel, x, x_stride, out, out_stride, shift, accumulate, n_tokens)


@entry
def tiles_affine(n, panel, x, x_stride, out, out_stride, shift, accumulate, n_tokens):
    """Scales and minimums for 32 columns."""
    return _affine(n, panel, x, x_stride, out, out_stride, shift, accumulate, n_tokens)


@entry
def tiles_scaled_16(n, panel, x, x_stride, out, out_stride, shift, accumulate, n_tokens):
    """Scales for 16 columns."""
    return _scaled_16(n, panel, x, x_stride, out, out_stride, shift, accumulate, n_tokens)


@entry
def tiles_affine_16(n, panel, x, x_stride, out, out_stride, shift, accumulate, n_tokens):
    """Scales and minimums for 16 columns."""
    return _affine_16(n, panel, x, x_stride, out, out_stride, shift, accumulate, n_tokens)


@entry
def tiles_float(n, panel, x, x_stride, out, out_stride, shift, accumulate, n_tokens):
    """Float32 panels; ``n`` counts columns."""
    return _float(n, panel, x, x_stride, out, out_stride, shift, accumulate, n_tokens)


TILES = {
    FLOAT: tiles_float,
    SCALED: tiles_scaled,
    AFFINE: tiles_affine,
    SCALED_16: tiles_scaled_16,
    AFFINE_16: tiles_affine_16,
}


@operation("l:plpplpllll")
def call_tiles(b, function, n, panel, x, x_stride, out, out_stride, shift, accumulate, n_tokens):
    """Call a tiles entry by its address."""
    return emit_call(b, function, n, panel, x, x_stride, out, out_stride, shift, accumulate, n_tokens)


@kernel
def group_panel_bytes(w):
    """Bytes of one group's panel."""
    columns = get_i64(w + COLUMNS)
    return columns * 64 if get_i64(w + KIND) == FLOAT else columns // 32 * PANEL_BYTES


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
    n_steps = columns if get_i64(w + KIND) == FLOAT else columns // 32
    shift = get_i64(w + SHIFT)
    tiles = get_i64(w + TILE)
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
                to = out + t * out_stride + (start + g) * 64
                call_tiles(tiles, n_steps, panel, here, x_stride, to, out_stride, shift, accumulate, n)
    return 0
