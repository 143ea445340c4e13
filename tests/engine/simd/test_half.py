"""Half precision and bfloat16: every pattern widened, and every number rounded to halves, as numpy does."""

import numpy as np
from tests.engine.simd.probes import bits, outputs

from octavo.engine.simd.half import half_power
from octavo.engine.simd.jit import entry
from octavo.engine.simd.memory import (
    get_f16,
    get_f32,
    half,
    load_bf16,
    load_f16,
    load_f32,
    load_i32,
    put_f16,
    put_f32,
    store_f16,
    store_f32,
)

PATTERNS = np.arange(65536, dtype=np.uint16)


@entry
def widen(source, halves, brains, n):
    for i in range(n):
        store_f32(halves + 64 * i, load_f16(source + 32 * i))
        store_f32(brains + 64 * i, load_bf16(source + 32 * i))
    return 0


@entry
def narrow(source, halves, n):
    for i in range(n):
        store_f16(halves + 32 * i, load_f32(source + 64 * i))
    return 0


@entry
def one_by_one(source, halves, back, rounded, n):
    for i in range(n):
        number = get_f32(source + 4 * i)
        put_f16(halves + 2 * i, number)
        put_f32(back + 4 * i, get_f16(halves + 2 * i))
        put_f32(rounded + 4 * i, half(number))
    return 0


def widened():
    halves, brains = np.zeros((2, 65536), np.float32)
    widen(PATTERNS.ctypes.data, halves.ctypes.data, brains.ctypes.data, 65536 // 16)
    return halves, brains


def numbers_to_round():
    """All halves, what lies just beside them and in the middle between them, and numbers of every size."""
    with np.errstate(all="ignore"):
        halves = PATTERNS.view(np.float16).astype(np.float32)
        beside = [np.nextafter(halves, np.float32(side)) for side in (-np.inf, np.inf)]
    edges = np.array([65519.996, 65520, 65521, -65520, 2**-25, 2**-24, 1e-45, -1e-45], np.float32)
    finite = np.sort(halves[np.isfinite(halves)])
    middles = (finite[1:] + finite[:-1]) / 2
    random = np.random.default_rng(0).integers(0, 2**32, 1 << 16, dtype=np.uint64)
    x = np.concatenate([edges, halves, *beside, middles, random.astype(np.uint32).view(np.float32)])
    return np.resize(x, len(x) // 16 * 16 + 16)


def test_all_half_patterns_are_widened_exactly():
    with np.errstate(invalid="ignore"):
        wanted = PATTERNS.view(np.float16).astype(np.float32)

    assert (bits(widened()[0]) == bits(wanted)).all()


def test_all_bfloat_patterns_are_widened_exactly():
    wanted = (PATTERNS.astype(np.uint32) << 16).view(np.float32)

    assert (bits(widened()[1]) == bits(wanted)).all()


def rounded():
    x = numbers_to_round()
    halves = np.zeros(len(x), np.uint16)
    narrow(x.ctypes.data, halves.ctypes.data, len(x) // 16)
    return x, halves


def test_halves_are_rounded_to_nearest_even():
    x, halves = rounded()
    with np.errstate(over="ignore", invalid="ignore"):
        wanted = x.astype(np.float16)
        found = halves.view(np.float16).astype(np.float32)

        assert (bits(found) == bits(wanted.astype(np.float32))).all()


def test_single_halves_agree_with_vectors_of_them():
    x, halves = rounded()
    x, halves = x[::31].copy(), halves[::31].copy()
    stored = np.zeros_like(halves)
    back, kept = np.zeros((2, len(x)), np.float32)

    one_by_one(x.ctypes.data, stored.ctypes.data, back.ctypes.data, kept.ctypes.data, len(x))

    with np.errstate(invalid="ignore"):
        wanted = halves.view(np.float16).astype(np.float32)
    assert (stored == halves).all()
    assert (bits(back) == bits(wanted)).all()
    assert (bits(kept) == bits(wanted)).all()


@entry
def power_probe(exponents, out, n):
    for i in range(0, 64 * n, 64):
        store_f32(out + i, half_power(load_i32(exponents + i)))
    return 0


def test_every_exponent_byte_gives_half_its_power_of_two():
    exponents = np.arange(256, dtype=np.int32)

    found = outputs(power_probe, ["powers"], (exponents,), np.float32)["powers"]

    assert (found == np.ldexp(np.float32(1), exponents - 128)).all()
