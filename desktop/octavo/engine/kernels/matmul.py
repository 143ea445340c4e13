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
    SCALED_SMALL,
    TILE,
)
from octavo.engine.kernels.panel import PANEL as PANEL_BYTES
from octavo.engine.kernels.tile import PAIR_TOKENS, TOKENS, float_tile, quantized_tile
from octavo.engine.simd.jit import entry, kernel, separate, variant
from octavo.engine.simd.lowering import emit_call, operation
from octavo.engine.simd.memory import get_i64

SLICE = 4 * PAIR_TOKENS  # tokens that stay in the caches while the panels pass
GROUPS_TOGETHER = 4  # panels kept while the tokens pass, so that activations are read a quarter as often


@operation("l:pppp")
def call_panel(b, function, w, group, out):
    """Call a panel entry by its address."""
    return emit_call(b, function, w, group, out)


@operation("l:ppppppp")
def call_matvec(b, function, w, x, out, first, last, accumulate):
    """Call a matrix-vector entry by its address."""
    return emit_call(b, function, w, x, out, first, last, accumulate)


def _over_tokens(name, n_together, many, single):
    """All tokens by tiles of ``n_together``; those left over one by one."""

    @variant(name, n_together)
    def run(n, panels, panel_stride, x, x_stride, out, out_stride, accumulate, n_tokens):
        t = 0
        while t + n_together <= n_tokens:
            many(
                n, panels, panel_stride, x + t * x_stride, x_stride, out + t * out_stride, out_stride, accumulate
            )  # fmt: skip
            t += n_together
        while t < n_tokens:
            single(
                n, panels, panel_stride, x + t * x_stride, x_stride, out + t * out_stride, out_stride, accumulate
            )  # fmt: skip
            t += 1

    return run


def _over_groups(name, pair, alone):
    """All groups two by two, the last one alone."""

    @variant(name)
    def run(n, panels, panel_stride, n_groups, x, x_stride, out, out_stride, accumulate, n_tokens):
        g = 0
        while g + 2 <= n_groups:
            p = panels + g * panel_stride
            pair(n, p, panel_stride, x, x_stride, out + 64 * g, out_stride, accumulate, n_tokens)
            g += 2
        if g < n_groups:
            p = panels + g * panel_stride
            alone(n, p, panel_stride, x, x_stride, out + 64 * g, out_stride, accumulate, n_tokens)
        return 0

    return run


def _tiles_of(kind):
    def tile(n_tokens, n_groups):
        return float_tile(n_tokens, n_groups) if kind == FLOAT else quantized_tile(n_tokens, n_groups, kind)

    pair = _over_tokens(f"pair_{kind}", PAIR_TOKENS, tile(PAIR_TOKENS, 2), tile(1, 2))
    alone = _over_tokens(f"alone_{kind}", TOKENS, tile(TOKENS, 1), tile(1, 1))
    return _over_groups(kind, pair, alone)


_scaled = _tiles_of(SCALED)
_scaled_small = _tiles_of(SCALED_SMALL)
_affine = _tiles_of(AFFINE)
_scaled_16 = _tiles_of(SCALED_16)
_affine_16 = _tiles_of(AFFINE_16)
_float = _tiles_of(FLOAT)


@entry
def tiles_scaled(n, panels, panel_stride, n_groups, x, x_stride, out, out_stride, accumulate, n_tokens):
    """Scales for 32 columns."""
    return _scaled(n, panels, panel_stride, n_groups, x, x_stride, out, out_stride, accumulate, n_tokens)


@entry
def tiles_scaled_small(n, panels, panel_stride, n_groups, x, x_stride, out, out_stride, accumulate, n_tokens):
    """The same for units of -16 to 15."""
    return _scaled_small(
        n, panels, panel_stride, n_groups, x, x_stride, out, out_stride, accumulate, n_tokens
    )


@entry
def tiles_affine(n, panels, panel_stride, n_groups, x, x_stride, out, out_stride, accumulate, n_tokens):
    """Scales and minimums for 32 columns."""
    return _affine(n, panels, panel_stride, n_groups, x, x_stride, out, out_stride, accumulate, n_tokens)


@entry
def tiles_scaled_16(n, panels, panel_stride, n_groups, x, x_stride, out, out_stride, accumulate, n_tokens):
    """Scales for 16 columns."""
    return _scaled_16(n, panels, panel_stride, n_groups, x, x_stride, out, out_stride, accumulate, n_tokens)


@entry
def tiles_affine_16(n, panels, panel_stride, n_groups, x, x_stride, out, out_stride, accumulate, n_tokens):
    """Scales and minimums for 16 columns."""
    return _affine_16(n, panels, panel_stride, n_groups, x, x_stride, out, out_stride, accumulate, n_tokens)


@entry
def tiles_float(n, panels, panel_stride, n_groups, x, x_stride, out, out_stride, accumulate, n_tokens):
    """Float32 panels; ``n`` counts columns."""
    return _float(n, panels, panel_stride, n_groups, x, x_stride, out, out_stride, accumulate, n_tokens)


TILES = {
    FLOAT: tiles_float,
    SCALED: tiles_scaled,
    SCALED_SMALL: tiles_scaled_small,
    AFFINE: tiles_affine,
    SCALED_16: tiles_scaled_16,
    AFFINE_16: tiles_affine_16,
}


@operation("l:plpllplplll")
def call_tiles(b, function, *arguments):
    """Call a tiles entry by its address."""
    return emit_call(b, function, *arguments)


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
        Activation records with 128 added to their bytes, or float32 for unquantized weights.
    out, out_stride : address, bytes
        float32.
    scratch : address
        Room for ``GROUPS_TOGETHER`` panels.
    """
    size = group_panel_bytes(w)
    columns = get_i64(w + COLUMNS)
    n_steps = columns if get_i64(w + KIND) == FLOAT else columns // 32
    tiles = get_i64(w + TILE)
    for start in range(first, last, GROUPS_TOGETHER):
        n_groups = min(GROUPS_TOGETHER, last - start)
        for g in range(n_groups):
            call_panel(get_i64(w + PANEL), w, start + g, scratch + g * size)
        for t in range(0, n_tokens, SLICE):
            n = min(SLICE, n_tokens - t)
            to = out + t * out_stride + start * 64
            here = x + t * x_stride
            call_tiles(tiles, n_steps, scratch, size, n_groups, here, x_stride, to, out_stride, accumulate, n)
    return 0
