"""Operations on whole rows that few families need; each is an entry of its own, called by CALL operations."""

from __future__ import annotations

from octavo.engine.kernels.activation import inverse_rms
from octavo.engine.kernels.operations import arg, arg_f32, first_token, share
from octavo.engine.kernels.state import FIRST_POSITION, N_TOKENS
from octavo.engine.simd.arithmetic import fma, mul, splat_f32
from octavo.engine.simd.jit import entry
from octavo.engine.simd.memory import get_f32, get_i64, load_f32, store_f32


@entry
def norm_rows(op, s, own, thread, n_threads):
    """entry, stride, epsilon, then twice (x, n, weight): norm rows in place, all heads of q and of k together."""
    a, b = share(2 * get_i64(s + N_TOKENS), thread, n_threads)
    for unit in range(a, b):
        which = 3 + 3 * (unit % 2)
        x = arg(op, which) + unit // 2 * arg(op, 1)
        n, weight = arg(op, which + 1), arg(op, which + 2)
        factor = splat_f32(inverse_rms(x, n, arg_f32(op, 2)))
        for i in range(0, 4 * n, 64):
            store_f32(x + i, mul(mul(load_f32(x + i), factor), load_f32(weight + i)))
    return 0


@entry
def scale_add(op, s, own, thread, n_threads):
    """entry, x, x_stride, n, scale, out, out_stride: ``out += scale * x``; the threads share every row."""
    scale = splat_f32(arg_f32(op, 4))
    a, b = share(arg(op, 3) // 16, thread, n_threads)
    for t in range(get_i64(s + N_TOKENS)):
        x, out = arg(op, 1) + t * arg(op, 2), arg(op, 5) + t * arg(op, 6)
        for i in range(64 * a, 64 * b, 64):
            store_f32(out + i, fma(load_f32(x + i), scale, load_f32(out + i)))
    return 0


@entry
def scale_logits(op, s, own, thread, n_threads):
    """entry, x, x_stride, n, scale: multiply the tail's rows in place."""
    scale = splat_f32(arg_f32(op, 4))
    a, b = share((arg(op, 3) + 15) // 16, thread, n_threads)
    for t in range(get_i64(s + N_TOKENS) - first_token(op, s)):
        for i in range(64 * a, 64 * b, 64):
            at = arg(op, 1) + t * arg(op, 2) + i
            store_f32(at, mul(load_f32(at), scale))
    return 0


@entry
def grow_rows(op, s, own, thread, n_threads):
    """entry, x, x_stride, n, factors, length: multiply rows in place; each ``length`` positions have a factor."""
    a, b = share(arg(op, 3) // 16, thread, n_threads)
    for t in range(get_i64(s + N_TOKENS)):
        stretch = (get_i64(s + FIRST_POSITION) + t) // arg(op, 5)
        factor = splat_f32(get_f32(arg(op, 4) + 4 * stretch))
        for i in range(64 * a, 64 * b, 64):
            at = arg(op, 1) + t * arg(op, 2) + i
            store_f32(at, mul(load_f32(at), factor))
    return 0


ENTRIES = (norm_rows, scale_add, scale_logits, grow_rows)
