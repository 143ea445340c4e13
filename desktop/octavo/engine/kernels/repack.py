"""GGUF blocks to packed groups: what loading a model does to every matrix.

``repack_*(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)`` packs up to 16 rows, one group. A reader
puts the unsigned weights of one block of 32 columns into ``scratch`` as units (vector k has the bytes 4 k to 4 k + 3
of all 16 rows) and its scales into the group's meta; a writer stores the units in their bits. Missing rows of the
last group are zero.
"""

from __future__ import annotations

from octavo.engine.kernels.groups import packing_of
from octavo.engine.kernels.repack_blocks import copy_bytes, copy_scale, floats, small_blocks
from octavo.engine.kernels.repack_super import (
    affine_k,
    pack_q2_k,
    read_q3,
    read_q6,
    scale_q3,
    scale_q6,
    signed_k,
)
from octavo.engine.kernels.repack_units import write_3, write_4, write_5, write_6, write_8
from octavo.engine.simd.jit import entry

_q8_0 = packing_of("Q8_0", copy_scale, copy_bytes, write_8)
_q4_0 = small_blocks("Q4_0", write_4)
_q4_1 = small_blocks("Q4_1", write_4, has_minimum=True)
_q5_0 = small_blocks("Q5_0", write_5, high_at=2)
_q5_1 = small_blocks("Q5_1", write_5, has_minimum=True, high_at=4)
_q4_k = affine_k("Q4_K", write_4)
_q5_k = affine_k("Q5_K", write_5, high_at=16)
_q6_k = signed_k("Q6_K", 208, read_q6, scale_q6, write_6)
_q3_k = signed_k("Q3_K", 108, read_q3, scale_q3, write_3)
_f16 = floats(2)
_f32 = floats(4)


@entry
def repack_q2_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q2_K."""
    return pack_q2_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_q8_0(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q8_0."""
    return _q8_0(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_q4_0(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q4_0."""
    return _q4_0(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_q4_1(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q4_1."""
    return _q4_1(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_q5_0(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q5_0."""
    return _q5_0(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_q5_1(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q5_1."""
    return _q5_1(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_q4_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q4_K."""
    return _q4_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_q5_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q5_K."""
    return _q5_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_q6_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q6_K."""
    return _q6_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_q3_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """Q3_K."""
    return _q3_k(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_f16(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """F16."""
    return _f16(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_bf16(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """BF16."""
    return _f16(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)


@entry
def repack_f32(source, row_bytes, n_rows, columns, out, meta_bytes, scratch):
    """F32."""
    return _f32(source, row_bytes, n_rows, columns, out, meta_bytes, scratch)
