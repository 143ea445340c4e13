"""A mixture of experts: a router sends each token through a few of many feed-forward networks (arXiv 2101.03961).

Four operations follow the router's own product. With one token every thread chooses for itself, and only the chosen
experts' weights are read. With many, tokens are sorted by expert, so that each expert's weights are decoded once for
all its tokens. What an expert's first half leaves is already weighted by the router's probability, and so the second
half is simply added to the residual stream.

Jobs, rows and who goes where: ``expert_choice.py``.
"""

from __future__ import annotations

from octavo.engine.kernels.activation import pack_row
from octavo.engine.kernels.descriptor import FLOAT, KIND, MATVEC, N_GROUPS
from octavo.engine.kernels.descriptor import SIZE as DESCRIPTOR
from octavo.engine.kernels.expert_choice import gather, jobs_of, route
from octavo.engine.kernels.expert_layout import BLOCK_GROUPS, CHOICE, FEW, FEW_GROUPS, JOB
from octavo.engine.kernels.matmul import call_matvec, matmul
from octavo.engine.kernels.operations import arg, share
from octavo.engine.kernels.record import RECORD, X_SCALE, X_SCALED_SUM
from octavo.engine.kernels.state import N_TOKENS, T_BLOCKS, T_CHOICES, T_FLOATS, T_PANELS, T_RECORDS
from octavo.engine.simd.arithmetic import add, mul, splat_f32
from octavo.engine.simd.functions import gelu_tanh, silu
from octavo.engine.simd.jit import entry, kernel
from octavo.engine.simd.memory import (
    get_f32,
    get_i64,
    load_f32,
    put_f32,
    store_f32,
)

_FIXED_COST = 8  # tokens' worth of time that decoding an expert's weights takes


@kernel
def _multiply(w, x, x_stride, n, out, out_stride, first, last, own):
    """Groups ``first`` to ``last`` of a matrix for ``n`` rows; the first group's results at ``out``."""
    to = out - 64 * first
    if n <= FEW:
        for i in range(n):
            call_matvec(get_i64(w + MATVEC), w, x + i * x_stride, to + i * out_stride, first, last, 0)
    else:
        matmul(w, x, x_stride, to, out_stride, first, last, 0, n, get_i64(own + T_PANELS))


@kernel
def _store_inner(values, n_groups, weight, is_float, is_few, out, first):
    """One row of ``n_groups`` groups from an even group ``first`` on, weighted, as float32 or as records."""
    if is_float:
        factor = splat_f32(weight)
        for i in range(0, 64 * n_groups, 64):
            store_f32(out + 64 * first + i, mul(load_f32(values + i), factor))
        return
    records = out + RECORD * (first // 2)
    pack_row(values, 16 * n_groups, records, 0 if is_few else 128)
    for i in range(0, RECORD * (n_groups // 2), RECORD):
        put_f32(records + i + X_SCALE, get_f32(records + i + X_SCALE) * weight)
        put_f32(records + i + X_SCALED_SUM, get_f32(records + i + X_SCALED_SUM) * weight)


@entry
def experts_in(op, s, own, thread, n_threads):
    """Entry, experts, gate, up, down, floats, stride, records, stride, inner, inner_stride, kind (0 SiLU, 1 GELU).

    ``inner[row] = weight * activation(gate x) * (up x)``, as ``down`` takes it. The threads take equal shares of all
    jobs' rows of weights together, two groups of 16 at a time, because those make one record.
    """
    is_one = get_i64(s + N_TOKENS) == 1
    gates, ups, stride, is_gelu = arg(op, 2), arg(op, 3), arg(op, 10), arg(op, 11) == 1
    is_float = get_i64(arg(op, 4) + KIND) == FLOAT
    lists = get_i64(own + T_CHOICES)
    jobs = jobs_of(lists, arg(op, 1))
    rows = jobs + JOB * arg(op, 1)
    end = jobs + JOB * get_i64(lists)
    n_groups = get_i64(gates + N_GROUPS)
    n_pairs = (n_groups + 1) // 2
    total = 0
    for job in range(jobs, end, JOB):
        total += n_pairs * (get_i64(job + 16) + _FIXED_COST)
    a, b = share(total, thread, n_threads)
    before = 0
    for job in range(jobs, end, JOB):
        n, row = get_i64(job + 16), get_i64(job + 8)
        cost = n + _FIXED_COST
        # A pair belongs to the thread in whose share it begins.
        first = 2 * min(max((a - before + cost - 1) // cost, 0), n_pairs)
        last = min(2 * min(max((b - before + cost - 1) // cost, 0), n_pairs), n_groups)
        before += n_pairs * cost
        step = FEW_GROUPS if n <= FEW else BLOCK_GROUPS
        out_stride = 64 * step
        gate_out = get_i64(own + T_BLOCKS)
        up_out = gate_out + n * out_stride
        for g in range(first, last, step):
            stop = min(g + step, last)
            for half in range(2):
                w = (gates if half == 0 else ups) + DESCRIPTOR * get_i64(job)
                wants_float = get_i64(w + KIND) == FLOAT
                if is_one:
                    x = get_i64(own + T_FLOATS) if wants_float else get_i64(own + T_RECORDS)
                    x_stride = 0
                else:
                    x_stride = arg(op, 6) if wants_float else arg(op, 8)
                    x = (arg(op, 5) if wants_float else arg(op, 7)) + row * x_stride
                _multiply(w, x, x_stride, n, gate_out if half == 0 else up_out, out_stride, g, stop, own)
            for i in range(n):
                at = gate_out + i * out_stride
                for j in range(0, 64 * (stop - g), 64):
                    value = load_f32(at + j)
                    active = gelu_tanh(value) if is_gelu else silu(value)
                    store_f32(at + j, mul(active, load_f32(up_out + i * out_stride + j)))
                weight = get_f32(rows + CHOICE * (row + i) + 8)
                inner = arg(op, 9) + (row + i) * stride
                _store_inner(at, stop - g, weight, is_float, n <= FEW, inner, g)
    return 0


@entry
def experts_out(op, s, own, thread, n_threads):
    """Entry, experts, down, inner, inner_stride, out, out_stride: add ``down inner[row]`` to the row's token.

    A thread does the same rows of every expert's weights, so no two add to the same number.
    """
    downs, inner_stride = arg(op, 2), arg(op, 4)
    lists = get_i64(own + T_CHOICES)
    jobs = jobs_of(lists, arg(op, 1))
    rows = jobs + JOB * arg(op, 1)
    a, b = share(get_i64(downs + N_GROUPS), thread, n_threads)
    block = get_i64(own + T_BLOCKS)
    for job in range(jobs, jobs + JOB * get_i64(lists), JOB):
        w = downs + DESCRIPTOR * get_i64(job)
        row, n = get_i64(job + 8), get_i64(job + 16)
        inner = arg(op, 3) + row * inner_stride
        if n <= FEW:
            for i in range(n):
                out = arg(op, 5) + get_i64(rows + CHOICE * (row + i)) * arg(op, 6)
                if b > a:
                    call_matvec(get_i64(w + MATVEC), w, inner + i * inner_stride, out, a, b, 1)
            continue
        for g in range(a, b, BLOCK_GROUPS):
            stop = min(g + BLOCK_GROUPS, b)
            _multiply(w, inner, inner_stride, n, block, 64 * BLOCK_GROUPS, g, stop, own)
            for i in range(n):
                out = arg(op, 5) + get_i64(rows + CHOICE * (row + i)) * arg(op, 6) + 64 * g
                for j in range(0, 64 * (stop - g), 64):
                    found = load_f32(block + i * 64 * BLOCK_GROUPS + j)
                    store_f32(out + j, add(load_f32(out + j), found))
    return 0


ENTRIES = (experts_in, experts_out, gather, route)
