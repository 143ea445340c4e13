"""Arithmetic on vectors against numpy."""

import numpy as np
import pytest
from tests.engine.simd.probes import bits, outputs

from octavo.engine.simd import arithmetic as a
from octavo.engine.simd.jit import entry
from octavo.engine.simd.memory import load_f32, load_i32, put_f32, put_i32, store_f32, store_i32
from octavo.engine.simd.tier import active_tier

FLOATS = {
    "add": lambda x, y, z: x + y,
    "sub": lambda x, y, z: x - y,
    "mul": lambda x, y, z: x * y,
    "div": lambda x, y, z: x / y,
    "maximum": lambda x, y, z: np.where(x > y, x, y),
    "minimum": lambda x, y, z: np.where(x < y, x, y),
    "absolute": lambda x, y, z: np.abs(x),
    "square_root": lambda x, y, z: np.sqrt(x),
    "rint": lambda x, y, z: np.rint(x),
    "where_greater": lambda x, y, z: np.where(x > y, z, x),
    "where_equal": lambda x, y, z: np.where(x == y, z, x),
    "as_f32": lambda x, y, z: x,
    "zero_f32": lambda x, y, z: np.zeros_like(x),
    "lane_numbers": lambda x, y, z: np.tile(np.arange(16, dtype=np.float32), len(x) // 16),
    "splat_f32": lambda x, y, z: np.full_like(x, 2.5),
}
INTEGERS = {
    "add_i32": lambda x, y: x + y,
    "sub_i32": lambda x, y: x - y,
    "sub_i8": lambda x, y: (x.view(np.uint8) - y.view(np.uint8)).view(np.int32),
    "mul_i32": lambda x, y: x * y,
    "bit_and": lambda x, y: x & y,
    "bit_or": lambda x, y: x | y,
    "bit_xor": lambda x, y: x ^ y,
    "shift_left": lambda x, y: x << 5,
    "shift_right": lambda x, y: (x.view(np.uint32) >> np.uint32(5)).view(np.int32),
    "shift_left_16": lambda x, y: (x.view(np.uint16) << np.uint16(5)).view(np.int32),
    "shift_right_16": lambda x, y: (x.view(np.uint16) >> np.uint16(5)).view(np.int32),
    "splat_i32": lambda x, y: np.full_like(x, -7),
    "zero_i32": lambda x, y: np.zeros_like(x),
}


@entry
def float_probe(x, y, z, out, n):
    row = 64 * n
    for i in range(0, row, 64):
        p, q, r = load_f32(x + i), load_f32(y + i), load_f32(z + i)
        store_f32(out + i, a.add(p, q))
        store_f32(out + i + row, a.sub(p, q))
        store_f32(out + i + 2 * row, a.mul(p, q))
        store_f32(out + i + 3 * row, a.div(p, q))
        store_f32(out + i + 4 * row, a.maximum(p, q))
        store_f32(out + i + 5 * row, a.minimum(p, q))
        store_f32(out + i + 6 * row, a.absolute(p))
        store_f32(out + i + 7 * row, a.square_root(p))
        store_f32(out + i + 8 * row, a.rint(p))
        store_f32(out + i + 9 * row, a.where_greater(p, q, r, p))
        store_f32(out + i + 10 * row, a.where_equal(p, q, r, p))
        store_f32(out + i + 11 * row, a.as_f32(a.as_i32(p)))
        store_f32(out + i + 12 * row, a.zero_f32())
        store_f32(out + i + 13 * row, a.lane_numbers())
        store_f32(out + i + 14 * row, a.splat_f32(np.float32(2.5)))
    return 0


@entry
def integer_probe(x, y, out, n):
    row = 64 * n
    for i in range(0, row, 64):
        p, q = load_i32(x + i), load_i32(y + i)
        store_i32(out + i, a.add_i32(p, q))
        store_i32(out + i + row, a.sub_i32(p, q))
        store_i32(out + i + 2 * row, a.sub_i8(p, q))
        store_i32(out + i + 3 * row, a.mul_i32(p, q))
        store_i32(out + i + 4 * row, a.bit_and(p, q))
        store_i32(out + i + 5 * row, a.bit_or(p, q))
        store_i32(out + i + 6 * row, a.bit_xor(p, q))
        store_i32(out + i + 7 * row, a.shift_left(p, np.int32(5)))
        store_i32(out + i + 8 * row, a.shift_right(p, np.int32(5)))
        store_i32(out + i + 9 * row, a.shift_left_16(p, np.int32(5)))
        store_i32(out + i + 10 * row, a.shift_right_16(p, np.int32(5)))
        store_i32(out + i + 11 * row, a.splat_i32(np.int32(-7)))
        store_i32(out + i + 12 * row, a.zero_i32())
    return 0


@entry
def fused_probe(x, y, z, out, n):
    for i in range(0, 64 * n, 64):
        store_f32(out + i, a.fma(load_f32(x + i), load_f32(y + i), load_f32(z + i)))
    return 0


@entry
def rounding_probe(x, out, n):
    row = 64 * n
    for i in range(0, row, 64):
        p = load_f32(x + i)
        store_i32(out + i, a.truncate(p))
        store_i32(out + i + row, a.round_to_i32(p))
        store_f32(out + i + 2 * row, a.round_half_away(p))
        store_f32(out + i + 3 * row, a.to_f32(load_i32(x + i)))
    return 0


@entry
def lanes_probe(x, out, n):
    for i in range(n):
        p = load_f32(x + 64 * i)
        put_f32(out + 64 * i, a.sum_lanes(p))
        put_f32(out + 64 * i + 4, a.max_lane(p))
        put_i32(out + 64 * i + 8, a.sum_lanes_i32(a.truncate(p)))
        put_f32(out + 64 * i + 12, a.rint_scalar(a.max_lane(p)))
    return 0


def awkward_floats():
    random = np.random.default_rng(0)
    x = (random.standard_normal(1600) * np.exp(random.uniform(-60, 60, 1600))).astype(np.float32)
    special = [0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3.4e38, 0.5, 1.5, 2.5, -0.5, -1.5]
    special += [0.49999997, -0.49999997, 4194303.5, 4194304.5, 8388607.5, -4194303.5, 16777216, 2147483648]
    x[: len(special)] = special
    y = random.permutation(x)
    y[::7] = x[::7]
    return x, y, random.permutation(x)


@pytest.fixture(scope="module")
def floats():
    x, y, z = awkward_floats()
    return outputs(float_probe, list(FLOATS), (x, y, z), np.float32)


@pytest.fixture(scope="module")
def integers():
    return outputs(integer_probe, list(INTEGERS), awkward_integers(), np.int32)


def awkward_integers():
    random = np.random.default_rng(1)
    x, y = random.integers(-(2**31), 2**31, (2, 1600)).astype(np.int32)
    x[:4] = [0, -1, 2**31 - 1, -(2**31)]
    return x, y


@pytest.mark.parametrize("name", FLOATS)
def test_floats_are_as_in_numpy_to_the_last_bit(floats, name):
    with np.errstate(all="ignore"):
        wanted = FLOATS[name](*awkward_floats())

    assert (bits(floats[name]) == bits(wanted)).all()


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_are_as_in_numpy(integers, name):
    with np.errstate(over="ignore"):
        wanted = INTEGERS[name](*awkward_integers())

    assert (integers[name] == wanted).all()


def test_only_tiers_with_the_instruction_fuse_products_and_sums():
    random = np.random.default_rng(2)
    x, y, z = random.standard_normal((3, 1600)).astype(np.float32)
    x[0], y[0], z[0] = 1 + 2**-12, 1 + 2**-12, -(1 + 2**-11)

    found = outputs(fused_probe, ["fma"], (x, y, z), np.float32)["fma"]

    once, twice = x.astype(np.float64) * y + z, x * y + z
    if "fma" in active_tier().needs:
        assert (found == once.astype(np.float32)).all()
        assert found[0] == 2**-24
    elif active_tier().cpu:
        assert (found == twice).all()
        assert found[0] == 0
    else:
        assert np.abs(found - once).max() <= 2**-23


def test_rounding_to_integers_takes_halves_to_even_away_and_down():
    x = np.array([0.5, 1.5, 2.5, 3.5, -0.5, -1.5, -2.5, 0.49999997, -0.49999997], np.float32)
    x = np.concatenate([x, np.random.default_rng(3).uniform(-1e6, 1e6, 1591).astype(np.float32)])
    x[100:110] = np.float32(2**30) + np.arange(0, 1280, 128)

    rows = outputs(rounding_probe, ["truncate", "even", "away", "converted"], (x,), np.int32)

    down = np.trunc(x)
    assert (rows["truncate"] == down.astype(np.int32)).all()
    assert (rows["even"] == np.rint(x).astype(np.int32)).all()
    away = np.where(np.abs(x - down) >= 0.5, down + np.sign(x), down)
    assert (rows["away"].view(np.float32) == away).all()
    assert (rows["converted"].view(np.float32) == x.view(np.int32).astype(np.float32)).all()


def test_lanes_are_summed_by_halves_and_the_largest_is_found():
    random = np.random.default_rng(4)
    x = (random.standard_normal(1600) * 10.0 ** random.uniform(-3, 4, 1600)).astype(np.float32)

    out = outputs(lanes_probe, ["lanes"], (x,), np.float32)["lanes"].reshape(-1, 16)

    lanes = x.reshape(-1, 16)
    halves = lanes
    for width in (8, 4, 2, 1):
        halves = halves[:, :width] + halves[:, width:]
    assert (out[:, 0] == halves[:, 0]).all()
    assert (out[:, 1] == lanes.max(axis=1)).all()
    assert (out[:, 2].view(np.int32) == np.trunc(lanes).astype(np.int32).sum(axis=1)).all()
    assert (out[:, 3] == np.rint(lanes.max(axis=1))).all()
