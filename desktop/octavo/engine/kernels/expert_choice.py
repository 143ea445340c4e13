"""Which tokens go through which experts: the router's choice, and tokens sorted by expert.

A *job* is one expert with the rows that go through it; a *row* is one token on its way through one expert. Each thread
keeps the same lists of both (``T_CHOICES``): ``n_jobs``, jobs ``(expert, first row, rows)``, rows ``(token, weight)``.
"""

from __future__ import annotations

import numpy as np

from octavo.engine.kernels.expert_layout import CHOICE, FEW, JOB
from octavo.engine.kernels.operations import arg, share
from octavo.engine.kernels.record import RECORD
from octavo.engine.kernels.state import N_TOKENS, T_CHOICES
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

_SIGNS = np.int32(-2139062144)  # the highest bit of each byte


@kernel
def jobs_of(lists, n_experts):
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
    jobs = jobs_of(lists, n_experts)
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
    jobs = jobs_of(lists, n_experts)
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
    jobs = jobs_of(lists, n_experts)
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
