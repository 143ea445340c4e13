"""The operations of a model's program; each does one thread's share for all tokens of the run.

``op`` is the operation's address, ``s`` the run's state, ``own`` the thread's buffers. The fields of each operation
are listed in its docstring, in order.
"""

from __future__ import annotations

import math

import numpy as np

from octavo.engine.kernels.activation import inverse_rms, norm_row, pack_row
from octavo.engine.kernels.descriptor import BIAS, COLUMNS, KIND, MATVEC, N_GROUPS, PANEL
from octavo.engine.kernels.matmul import call_matvec, call_panel, matmul
from octavo.engine.kernels.panel import P_MINIMUM_HIGH, P_MINIMUM_LOW, P_SCALE_HIGH, P_SCALE_LOW
from octavo.engine.kernels.panel import PANEL as PANEL_BYTES
from octavo.engine.kernels.state import (
    FIELDS,
    FIRST_LOGIT,
    FIRST_POSITION,
    FLAGS,
    N_TOKENS,
    T_FLOATS,
    T_PANELS,
    T_RECORDS,
    TAIL,
    TOKENS,
)
from octavo.engine.simd.arithmetic import add, div, mul, splat_f32
from octavo.engine.simd.functions import gelu_tanh, silu, tanh
from octavo.engine.simd.jit import kernel, separate
from octavo.engine.simd.memory import get_f32, get_f64, get_i8, get_i64, load_f32, put_f32, store_f32


@kernel
def arg(op, n):
    """Field ``n`` of an operation."""
    return get_i64(op + FIELDS + 8 * n)


@kernel
def arg_f32(op, n):
    """Field ``n`` as float32."""
    return get_f32(op + FIELDS + 8 * n)


@kernel
def first_token(op, s):
    """The first token that the operation does."""
    return get_i64(s + FIRST_LOGIT) if get_i64(op + FLAGS) & TAIL else 0


@kernel
def share(n, thread, n_threads):
    """The part of ``n`` things that falls to one thread."""
    return n * thread // n_threads, n * (thread + 1) // n_threads


@separate
def embed(op, s, own, thread, n_threads):
    """weights, out, out_stride, scale: look up the rows of the run's tokens."""
    w = arg(op, 0)
    columns = get_i64(w + COLUMNS)
    kind = get_i64(w + KIND)
    scale = arg_f32(op, 3)
    panel = get_i64(own + T_PANELS)
    a, b = share(get_i64(s + N_TOKENS), thread, n_threads)
    for t in range(a, b):
        token = get_i64(get_i64(s + TOKENS) + 8 * t)
        lane = token % 16
        out = arg(op, 1) + t * arg(op, 2)
        call_panel(get_i64(w + PANEL), w, token // 16, panel)
        for k in range(columns):
            if kind == 0:
                put_f32(out + 4 * k, get_f32(panel + 64 * k + 4 * lane) * scale)
                continue
            block = panel + k // 32 * PANEL_BYTES
            within = k % 32
            u = np.float32(get_i8(block + 64 * (within // 4) + 4 * lane + within % 4))
            first = within < 16
            factor = get_f32(block + (P_SCALE_LOW if first else P_SCALE_HIGH) + 4 * lane)
            value = factor * u
            if kind == 2 or kind == 4:
                value -= get_f32(block + (P_MINIMUM_LOW if first else P_MINIMUM_HIGH) + 4 * lane)
            put_f32(out + 4 * k, value * scale)
    return 0


@separate
def rope_table(op, s, thread, n_threads):
    """Frequencies float64[n], n, out, out_stride, magnitude: cosines and sines of the run's positions."""
    n = arg(op, 1)
    magnitude = arg_f32(op, 4)
    a, b = share(get_i64(s + N_TOKENS), thread, n_threads)
    frequencies = arg(op, 0)
    for t in range(a, b):
        position = np.float64(get_i64(s + FIRST_POSITION) + t)
        out = arg(op, 2) + t * arg(op, 3)
        for i in range(n):
            angle = position * get_f64(frequencies + 8 * i)
            put_f32(out + 4 * i, np.float32(math.cos(angle)) * magnitude)
            put_f32(out + 4 * (n + i), np.float32(math.sin(angle)) * magnitude)
    return 0


@kernel
def _prepare_row(x, n, weight, epsilon, floats, records, needs_floats, offset):
    """Norm a row (if ``weight``), keep it as float32 (if wanted) and pack it (if ``records``)."""
    source = x
    if weight != 0:
        norm_row(x, weight, n, epsilon, floats)
        source = floats
    elif needs_floats:
        for i in range(0, 4 * n, 64):
            store_f32(floats + i, load_f32(x + i))
    if records != 0:
        pack_row(source, n, records, offset)


@separate
def prepare(op, s, own, thread, n_threads):
    """Make activations ready: norm them and pack them.

    x, x_stride, n, weight, epsilon, floats, floats_stride, records (0: none), records_stride, needs_floats.
    With one token every thread does all of it into its own buffers, which saves a barrier.
    """
    x, n, weight, epsilon = arg(op, 0), arg(op, 2), arg(op, 3), arg_f32(op, 4)
    needs_floats = arg(op, 9)
    n_tokens = get_i64(s + N_TOKENS)
    start = first_token(op, s)
    if n_tokens == 1:
        records = get_i64(own + T_RECORDS) if arg(op, 7) != 0 else 0
        _prepare_row(x, n, weight, epsilon, get_i64(own + T_FLOATS), records, needs_floats, 0)
        return 0
    offset = 128 if n_tokens - start > 1 else 0
    a, b = share(n_tokens - start, thread, n_threads)
    for t in range(start + a, start + b):
        records = arg(op, 7) + t * arg(op, 8) if arg(op, 7) != 0 else 0
        floats = arg(op, 5) + t * arg(op, 6)
        _prepare_row(x + t * arg(op, 1), n, weight, epsilon, floats, records, needs_floats, offset)
    return 0


@kernel
def _multiply(
    w, s, own, x_floats, floats_stride, x_records, records_stride, out, out_stride, first, last, adds, start
):
    """Groups ``first`` to ``last`` of one matrix for the tokens from ``start`` on."""
    n_tokens = get_i64(s + N_TOKENS)
    is_float = get_i64(w + KIND) == 0
    if n_tokens == 1:
        x = get_i64(own + T_FLOATS) if is_float else get_i64(own + T_RECORDS)
        call_matvec(get_i64(w + MATVEC), w, x, out, first, last, adds)
    else:
        stride = floats_stride if is_float else records_stride
        x = (x_floats if is_float else x_records) + start * stride
        if n_tokens - start == 1:
            call_matvec(get_i64(w + MATVEC), w, x, out, first, last, adds)
        else:
            panels = get_i64(own + T_PANELS)
            matmul(w, x, stride, out, out_stride, first, last, adds, n_tokens - start, panels)
    bias = get_i64(w + BIAS)
    if bias != 0:
        for t in range(n_tokens - start):
            for g in range(64 * first, 64 * last, 64):
                at = out + t * out_stride + g
                store_f32(at, add(load_f32(at), load_f32(bias + g)))


@separate
def linear(op, s, own, thread, n_threads):
    """floats, floats_stride, records, records_stride, adds, n, then (weights, out, out_stride) n times.

    All matrices share one input; a thread takes an equal share of all their rows together. Operations of the tail
    write the results of the first token at ``out``.
    """
    n = arg(op, 5)
    start = first_token(op, s)
    if start >= get_i64(s + N_TOKENS):
        return 0
    total = 0
    for j in range(n):
        total += get_i64(arg(op, 6 + 3 * j) + N_GROUPS)
    a, b = share(total, thread, n_threads)
    before = 0
    for j in range(n):
        w = arg(op, 6 + 3 * j)
        groups = get_i64(w + N_GROUPS)
        first = max(a - before, 0)
        last = min(b - before, groups)
        if last > first:
            _multiply(
                w, s, own, arg(op, 0), arg(op, 1), arg(op, 2), arg(op, 3),
                arg(op, 7 + 3 * j), arg(op, 8 + 3 * j), first, last, arg(op, 4), start,
            )  # fmt: skip
        before += groups
    return 0


@separate
def gated(op, s, own, thread, n_threads):
    """floats, floats_stride, records, records_stride, gate, up, gate_out, up_out, out_stride, kind (0 SiLU, 1 GELU).

    ``gate_out = activation(gate x) * (up x)``; each thread multiplies the rows it has just computed. Where ``gate`` and
    ``up`` are the same matrix, its first half is the gate, and ``up_out`` is where the second half's rows belong.
    """
    gate, up, out, up_out, stride = arg(op, 4), arg(op, 5), arg(op, 6), arg(op, 7), arg(op, 8)
    is_fused = gate == up
    groups = get_i64(gate + N_GROUPS)
    if is_fused:
        groups //= 2
    before = groups if is_fused else 0
    a, b = share(groups, thread, n_threads)
    if b > a:
        for w, to, skipped in ((gate, out, 0), (up, up_out - 64 * before, before)):
            first, last = skipped + a, skipped + b
            _multiply(
                w, s, own, arg(op, 0), arg(op, 1), arg(op, 2), arg(op, 3), to, stride, first, last, 0, 0
            )
    is_gelu = arg(op, 9) == 1
    for t in range(get_i64(s + N_TOKENS)):
        for i in range(64 * a, 64 * b, 64):
            at = out + t * stride + i
            g = load_f32(at)
            active = gelu_tanh(g) if is_gelu else silu(g)
            store_f32(at, mul(active, load_f32(up_out + t * stride + i)))
    return 0


@separate
def norm_add(op, s, thread, n_threads):
    """x, x_stride, n, weight, epsilon, out, out_stride: norm rows and add them to ``out``.

    With one token the row is cut between the threads, and each computes the norm for itself.
    """
    x, n, weight, epsilon, out = arg(op, 0), arg(op, 2), arg(op, 3), arg_f32(op, 4), arg(op, 5)
    n_tokens = get_i64(s + N_TOKENS)
    if n_tokens == 1:
        a, b = share(n // 16, thread, n_threads)
        _norm_add_part(x, weight, n, epsilon, out, a, b)
        return 0
    a, b = share(n_tokens, thread, n_threads)
    for t in range(a, b):
        _norm_add_part(x + t * arg(op, 1), weight, n, epsilon, out + t * arg(op, 6), 0, n // 16)
    return 0


@kernel
def _norm_add_part(x, weight, n, epsilon, out, first, last):
    factor = splat_f32(inverse_rms(x, n, epsilon))
    for i in range(64 * first, 64 * last, 64):
        normed = mul(mul(load_f32(x + i), factor), load_f32(weight + i))
        store_f32(out + i, add(load_f32(out + i), normed))


@separate
def soft_cap(op, s, thread, n_threads):
    """x, x_stride, n, cap: ``cap * tanh(x / cap)`` of the tail's rows, in place."""
    cap = splat_f32(arg_f32(op, 3))
    a, b = share((arg(op, 2) + 15) // 16, thread, n_threads)
    for t in range(get_i64(s + N_TOKENS) - first_token(op, s)):
        for i in range(64 * a, 64 * b, 64):
            at = arg(op, 0) + t * arg(op, 1) + i
            store_f32(at, mul(tanh(div(load_f32(at), cap)), cap))
    return 0
