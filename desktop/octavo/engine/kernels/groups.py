"""The loops that all quantized block types share: over groups of 16 rows, and over what a group is made of.

A *part* is as many columns as share a record of scales: a block of 32, a super-block of 256, or a group of 4-bit
weights (``layout.py``). Each factory makes the body of one kind of entry; what a block type does with one part or
block is handed in.
"""

from __future__ import annotations

from octavo.engine.blocks.types import block_type
from octavo.engine.kernels.descriptor import COLUMNS, GROUP_BYTES, META_BYTES, WEIGHTS
from octavo.engine.kernels.layout import BLOCK, LAYOUTS
from octavo.engine.kernels.record import RECORD
from octavo.engine.simd.arithmetic import add, zero_f32, zero_i32
from octavo.engine.simd.jit import kernel, variant
from octavo.engine.simd.memory import get_i64, load_f32, store_f32, store_i32

PANEL_BYTES = 896  # of a block of a panel (``panel.py``)


@kernel
def meta_of(w, group):
    """The address of a group's scales."""
    return get_i64(w + WEIGHTS) + group * get_i64(w + GROUP_BYTES)


@kernel
def finish(out, value, accumulate):
    """Write the products of 16 rows, or add to what is there."""
    if accumulate:
        value = add(value, load_f32(out))
    store_f32(out, value)


@kernel
def clear(p, n_bytes):
    """Zero whole cache lines."""
    for i in range(0, n_bytes, 64):
        store_i32(p + i, zero_i32())


def product_of(name, multiply):
    """The body of ``matvec_*`` (``matvec.py``).

    ``multiply(meta, p, r, total)`` adds to ``total`` one part, with its scales at ``meta`` and its weights at ``p``,
    times the records at ``r``.
    """
    layout = LAYOUTS[name]
    n_weights, meta_bytes, quant_bytes = layout.n_weights, layout.meta_bytes, layout.quant_bytes
    record_bytes = RECORD * (n_weights // BLOCK)

    @variant(name)
    def run(w, x, out, first, last, accumulate):
        n = get_i64(w + COLUMNS) // n_weights
        for group in range(first, last):
            meta = meta_of(w, group)
            p = meta + get_i64(w + META_BYTES)
            r = x
            total = zero_f32()
            for _ in range(n):
                total = multiply(meta, p, r, total)
                meta += meta_bytes
                p += quant_bytes
                r += record_bytes
            finish(out + 64 * group, total, accumulate)
        return 0

    return run


def panel_of(name, decode):
    """The body of ``panel_*`` (``panel.py``): ``decode(meta, p, out)`` writes the blocks of one part."""
    layout = LAYOUTS[name]
    n_weights, meta_bytes, quant_bytes = layout.n_weights, layout.meta_bytes, layout.quant_bytes
    out_bytes = PANEL_BYTES * (n_weights // BLOCK)

    @variant(name)
    def run(w, group, out):
        meta = meta_of(w, group)
        p = meta + get_i64(w + META_BYTES)
        for _ in range(get_i64(w + COLUMNS) // n_weights):
            decode(meta, p, out)
            meta += meta_bytes
            p += quant_bytes
            out += out_bytes
        return 0

    return run


def packing_of(name, read_scales, read_block, write):
    """The body of ``repack_*`` (``repack.py``).

    ``read_scales(source, meta, r)`` copies the scales of row ``r``'s whole part and ``read_block(source, b, meta, r,
    out)`` those of its block ``b``, whose weights it puts into the row's places of 8 units from ``out`` on;
    ``write(scratch, quants)`` stores the units (``repack_units.py``).
    """
    layout, n_bytes = LAYOUTS[name], block_type(name).n_bytes
    n_weights, meta_step = layout.n_weights, layout.meta_bytes
    n_blocks = n_weights // BLOCK
    block_bytes = layout.quant_bytes // n_blocks

    @variant(name)
    def run(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
        clear(scratch, 512)
        clear(out, meta_bytes)
        meta = out
        quants = out + meta_bytes
        for _ in range(columns // n_weights):
            for r in range(n_rows):
                read_scales(source + r * row_bytes, meta, r)
            for b in range(n_blocks):
                for r in range(n_rows):
                    read_block(source + r * row_bytes, b, meta, r, scratch + 4 * r)
                write(scratch, quants)
                quants += block_bytes
            source += n_bytes
            meta += meta_step
        return 0

    return run
