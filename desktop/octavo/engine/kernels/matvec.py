"""Matrix times vector: one entry for each block type, all with the same arguments.

``matvec_*(w, x, out, first, last, accumulate)``: ``w`` is a weight descriptor (``descriptor.py``), ``x`` the packed
activation records (``record.py``; float32 for unquantized weights), ``out`` float32[rows], ``first`` to ``last`` the
groups of 16 rows to do.
"""

from __future__ import annotations

from octavo.engine.kernels.matvec_blocks import affine, plain, scaled, times_power
from octavo.engine.kernels.matvec_super import super_affine, super_affine_16, super_scaled
from octavo.engine.kernels.unpack import dot_3, dot_4, dot_5, dot_6, dot_8
from octavo.engine.simd.dot import start_i8
from octavo.engine.simd.jit import entry
from octavo.engine.simd.memory import load_bf16, load_f16, load_f32

_q8_0 = scaled("Q8_0", dot_8, start_i8)
_q4_0 = scaled("Q4_0", dot_4, times_power(3))
_q5_0 = scaled("Q5_0", dot_5, times_power(4))
_q4_1 = affine("Q4_1", dot_4)
_q5_1 = affine("Q5_1", dot_5)
_q4_k = super_affine("Q4_K", dot_4)
_q5_k = super_affine("Q5_K", dot_5)
_q6_k = super_scaled("Q6_K", dot_6, 5)
_q3_k = super_scaled("Q3_K", dot_3, 2)
_f32 = plain(load_f32, 4)
_f16 = plain(load_f16, 2)
_bf16 = plain(load_bf16, 2)


@entry
def matvec_q8_0(w, x, out, first, last, accumulate):
    """Q8_0."""
    return _q8_0(w, x, out, first, last, accumulate)


@entry
def matvec_q4_0(w, x, out, first, last, accumulate):
    """Q4_0."""
    return _q4_0(w, x, out, first, last, accumulate)


@entry
def matvec_q5_0(w, x, out, first, last, accumulate):
    """Q5_0."""
    return _q5_0(w, x, out, first, last, accumulate)


@entry
def matvec_q4_1(w, x, out, first, last, accumulate):
    """Q4_1."""
    return _q4_1(w, x, out, first, last, accumulate)


@entry
def matvec_q5_1(w, x, out, first, last, accumulate):
    """Q5_1."""
    return _q5_1(w, x, out, first, last, accumulate)


@entry
def matvec_q4_k(w, x, out, first, last, accumulate):
    """Q4_K."""
    return _q4_k(w, x, out, first, last, accumulate)


@entry
def matvec_q5_k(w, x, out, first, last, accumulate):
    """Q5_K."""
    return _q5_k(w, x, out, first, last, accumulate)


@entry
def matvec_q6_k(w, x, out, first, last, accumulate):
    """Q6_K."""
    return _q6_k(w, x, out, first, last, accumulate)


@entry
def matvec_q3_k(w, x, out, first, last, accumulate):
    """Q3_K."""
    return _q3_k(w, x, out, first, last, accumulate)


@entry
def matvec_q2_k(w, x, out, first, last, accumulate):
    """Q2_K."""
    return super_affine_16(w, x, out, first, last, accumulate)


@entry
def matvec_f32(w, x, out, first, last, accumulate):
    """F32."""
    return _f32(w, x, out, first, last, accumulate)


@entry
def matvec_f16(w, x, out, first, last, accumulate):
    """F16."""
    return _f16(w, x, out, first, last, accumulate)


@entry
def matvec_bf16(w, x, out, first, last, accumulate):
    """BF16."""
    return _bf16(w, x, out, first, last, accumulate)
