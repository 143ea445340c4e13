"""A mixture of experts: a router sends each token through a few of many feed-forward networks (arXiv 2101.03961).

Four operations follow the router's own product. With one token every thread chooses for itself, and only the chosen
experts' weights are read. With many, tokens are sorted by expert, so that each expert's weights are decoded once for
all its tokens. What an expert's first half leaves is already weighted by the router's probability, and so the second
half is simply added to the residual stream.

A *job* is one expert with the rows that go through it; a *row* is one token on its way through one expert. Each thread
keeps the same lists of both (``T_CHOICES``): ``n_jobs``, jobs ``(expert, first row, rows)``, rows ``(token, weight)``.
"""

from __future__ import annotations

import numpy as np

from octavo.engine.kernels.activation import pack_row
from octavo.engine.kernels.descriptor import FLOAT, KIND, MATVEC, N_GROUPS
from octavo.engine.kernels.descriptor import SIZE as DESCRIPTOR
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
    get_i32,
    get_i64,
    load_f32,
    load_i32,
    put_f32,
    put_i32,
    put_i64,
    store_f32,
    store_i32,
)

_FIXED_COST = 8  # tokens' worth of time that decoding an expert's weights takes
_SIGNS = np.int32(-2139062144)  # the highest bit of each byte


@kernel
def _jobs(lists, n_experts):
    """Where the jobs begin: behind their number, and a counter for each expert."""
    return lists + 8 * (n_experts + 1)


@kernel
def choose(logits, n, k, normalizes, out):
    """The ``k`` largest of float32[n], with their probabilities among all (or among themselves).

    Writes (int64 expert, float32 weight), the largest first. NaN comes last, and no expert comes twice.
    """
    for e in range(n):
        value = get_f32(logits + 4 * e)
        if e >= k and not value > get_f32(out + CHOICE * (k - 1) + 8):
            continue
        at = min(e, k - 1)
        while at > 0 and value > get_f32(out + CHOICE * (at - 1) + 8):
            put_i64(out + CHOICE * at, get_i64(out + CHOICE * (at - 1)))
            put_f32(out + CHOICE * at + 8, get_f32(out + CHOICE * (at - 1) + 8))
            at -= 1
        put_i64(out + CHOICE * at, e)
        put_f32(out + CHOICE * at + 8, value)
    largest = np.float64(get_f32(out + 8))
    total = 0.0
    if normalizes != 0:
        for j in range(k):
            total += np.exp(np.float64(get_f32(out + CHOICE * j + 8)) - largest)
    else:
        for e in range(n):
            total += np.exp(np.float64(get_f32(logits + 4 * e)) - largest)
    for j in range(k):
        weight = np.exp(np.float64(get_f32(out + CHOICE * j + 8)) - largest) / total
        put_f32(out + CHOICE * j + 8, np.float32(weight))


@entry
def route(op, s, own, thread, n_threads):
    """Entry, experts, used, normalizes, logits, logits_stride, choices, choices_stride: choose for each token.

    With one token every thread does it, and its lists are then ready.
    """
    n_experts, k, normalizes = arg(op, 1), arg(op, 2), arg(op, 3)
    n_tokens = get_i64(s + N_TOKENS)
    if n_tokens > 1:
        a, b = share(n_tokens, thread, n_threads)
        for t in range(a, b):
            choose(arg(op, 4) + t * arg(op, 5), n_experts, k, normalizes, arg(op, 6) + t * arg(op, 7))
        return 0
    lists = get_i64(own + T_CHOICES)
    jobs = _jobs(lists, n_experts)
    rows = jobs + JOB * n_experts
    choose(arg(op, 4), n_experts, k, normalizes, rows)
    put_i64(lists, k)
    for j in range(k):
        put_i64(jobs + JOB * j, get_i64(rows + CHOICE * j))
        put_i64(jobs + JOB * j + 8, j)
        put_i64(jobs + JOB * j + 16, 1)
        put_i64(rows + CHOICE * j, 0)
    return 0


@kernel
def _sort(lists, n_experts, k, choices, stride, n_tokens):
    """Write the jobs and rows of many tokens, experts ascending, tokens ascending within each."""
    counts = lists + 8
    jobs = _jobs(lists, n_experts)
    rows = jobs + JOB * n_experts
    for e in range(n_experts):
        put_i64(counts + 8 * e, 0)
    for t in range(n_tokens):
        for j in range(k):
            at = counts + 8 * get_i64(choices + t * stride + CHOICE * j)
            put_i64(at, get_i64(at) + 1)
    n_jobs = 0
    first = 0
    for e in range(n_experts):
        n = get_i64(counts + 8 * e)
        put_i64(counts + 8 * e, first)
        if n > 0:
            put_i64(jobs + JOB * n_jobs, e)
            put_i64(jobs + JOB * n_jobs + 8, first)
            put_i64(jobs + JOB * n_jobs + 16, n)
            n_jobs += 1
        first += n
    put_i64(lists, n_jobs)
    for t in range(n_tokens):
        for j in range(k):
            choice = choices + t * stride + CHOICE * j
            at = counts + 8 * get_i64(choice)
            row = rows + CHOICE * get_i64(at)
            put_i64(at, get_i64(at) + 1)
            put_i64(row, t)
            put_f32(row + 8, get_f32(choice + 8))


@kernel
def _copy_records(source, n, out, is_few):
    """Copy ``n`` records; matrix-vector kernels take signed bytes, tiles bytes with 128 added."""
    for i in range(0, RECORD * n, RECORD):
        store_i32(out + i, load_i32(source + i))
        if is_few:
            for k in range(0, 32, 4):
                put_i32(out + i + k, get_i32(source + i + k) ^ _SIGNS)


@entry
def gather(op, s, own, thread, n_threads):
    """Entry, experts, used, choices, choices_stride, columns, then (source, stride, out, stride) twice.

    Sort many tokens by expert and copy their activations, float32 and records (a source of 0: none), so that those
    of each expert lie together.
    """
    n_tokens = get_i64(s + N_TOKENS)
    if n_tokens == 1:
        return 0
    n_experts, k, columns = arg(op, 1), arg(op, 2), arg(op, 5)
    lists = get_i64(own + T_CHOICES)
    _sort(lists, n_experts, k, arg(op, 3), arg(op, 4), n_tokens)
    jobs = _jobs(lists, n_experts)
    rows = jobs + JOB * n_experts
    a, b = share(n_tokens * k, thread, n_threads)
    for job in range(jobs, jobs + JOB * get_i64(lists), JOB):
        first, n = get_i64(job + 8), get_i64(job + 16)
        for r in range(max(a, first), min(b, first + n)):
            t = get_i64(rows + CHOICE * r)
            if arg(op, 6) != 0:
                source, out = arg(op, 6) + t * arg(op, 7), arg(op, 8) + r * arg(op, 9)
                for i in range(0, 4 * columns, 64):
                    store_f32(out + i, load_f32(source + i))
            if arg(op, 10) != 0:
                source, out = arg(op, 10) + t * arg(op, 11), arg(op, 12) + r * arg(op, 13)
                _copy_records(source, columns // 32, out, n <= FEW)
    return 0


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
    jobs = _jobs(lists, arg(op, 1))
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
    jobs = _jobs(lists, arg(op, 1))
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
