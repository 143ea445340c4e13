"""Dot products of bytes are exact, the extremes included."""

import itertools

import numpy as np
from tests.engine.simd.probes import outputs

from octavo.engine.simd.dot import biased_i8, dot_i8, dot_u5_four, dot_u6_four, dot_u8, start_i8
from octavo.engine.simd.jit import entry
from octavo.engine.simd.memory import load_i32, store_i32


@entry
def wide_probe(acc, u, s, out, n):
    for i in range(0, 64 * n, 64):
        store_i32(out + i, dot_u8(load_i32(acc + i), load_i32(u + i), load_i32(s + i)))
    return 0


@entry
def signed_probe(negative_sums, u, s, out, n):
    for i in range(0, 64 * n, 64):
        start = start_i8(load_i32(negative_sums + i))
        store_i32(out + i, dot_i8(start, biased_i8(load_i32(u + i)), load_i32(s + i)))
    return 0


@entry
def four_times_5_probe(acc, u, s, out, n):
    for i in range(0, 64 * n, 64):
        a, b = load_i32(u + i), load_i32(s + i)
        store_i32(out + i, dot_u5_four(load_i32(acc + i), a, a, a, a, b, b, b, b))
    return 0


@entry
def four_times_6_probe(acc, u, s, out, n):
    for i in range(0, 64 * n, 256):
        a, b, c, d = load_i32(u + i), load_i32(u + i + 64), load_i32(u + i + 128), load_i32(u + i + 192)
        e, f, g, h = load_i32(s + i), load_i32(s + i + 64), load_i32(s + i + 128), load_i32(s + i + 192)
        store_i32(out + i, dot_u6_four(load_i32(acc + i), a, b, c, d, e, f, g, h))
    return 0


def quads(largest):
    """Every choice of extremes for four pairs of bytes, then random ones."""
    pairs = list(itertools.product((0, 1, largest), (-128, -127, 0, 127)))
    extremes = np.array(list(itertools.product(pairs, pairs[-2:], pairs[::5], pairs[-4:])))
    random = np.random.default_rng(0)
    u = np.concatenate([extremes[..., 0], random.integers(0, largest + 1, (4000, 4))])
    s = np.concatenate([extremes[..., 1], random.integers(-128, 128, (4000, 4))])
    n = len(u) // 16 * 16
    return u[:n].astype(np.uint8), s[:n].astype(np.int8)


def check(probe, largest):
    u, s = quads(largest)
    acc = np.random.default_rng(1).integers(-(2**30), 2**30, len(u)).astype(np.int32)

    found = outputs(probe, ["dot"], (acc, u, s), np.int32)["dot"]

    assert (found == acc + (u.astype(np.int64) * s).sum(axis=1)).all()


def test_any_unsigned_bytes_give_exact_sums():
    check(wide_probe, 255)


def test_signed_bytes_give_exact_sums():
    u, s = quads(255)
    s = np.maximum(s, -127)
    negative_sums = -s.astype(np.int32).sum(axis=1, dtype=np.int32)

    found = outputs(signed_probe, ["dot"], (negative_sums, u, s), np.int32)["dot"]

    assert (found == ((u.astype(np.int64) - 128) * s).sum(axis=1)).all()


def test_four_products_at_once_are_exact_at_the_largest_sums():
    u, s = quads(31)
    s = np.maximum(s, -127)
    acc = np.random.default_rng(1).integers(-(2**30), 2**30, len(u)).astype(np.int32)

    found = outputs(four_times_5_probe, ["dot"], (acc, u, s), np.int32)["dot"]

    assert (found == acc + 4 * (u.astype(np.int64) * s).sum(axis=1)).all()


def test_four_products_of_6_bits_are_exact():
    u, s = quads(63)
    n = len(u) // 64 * 64
    # The first 16 lanes meet the largest sums of both signs four times.
    u[: 4 * 16], s[:32], s[32:64] = 63, 127, 127
    s[8:16] = s[24:32] = s[40:48] = s[56:64] = -127
    u, s = u[:n], np.maximum(s[:n], -127)
    acc = np.zeros(n, np.int32)

    found = outputs(four_times_6_probe, ["dot"], (acc, u, s), np.int32)["dot"]

    sums = (u.astype(np.int64) * s).sum(axis=1).reshape(-1, 4, 16).sum(axis=1)
    assert (found.reshape(-1, 4, 16)[:, 0] == sums).all()
