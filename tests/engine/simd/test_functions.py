"""Transcendental functions: the error bounds that their docstrings state."""

import numpy as np
import pytest
from tests.engine.simd.probes import in_last_place, outputs

from octavo.engine.simd.functions import exp, gelu_tanh, silu, tanh
from octavo.engine.simd.jit import entry
from octavo.engine.simd.memory import load_f32, store_f32

NAMES = ["exp", "silu", "tanh", "gelu_tanh"]


@entry
def probe(x, out, n):
    row = 64 * n
    for i in range(0, row, 64):
        p = load_f32(x + i)
        store_f32(out + i, exp(p))
        store_f32(out + i + row, silu(p))
        store_f32(out + i + 2 * row, tanh(p))
        store_f32(out + i + 3 * row, gelu_tanh(p))
    return 0


def points():
    random = np.random.default_rng(0)
    grid = np.linspace(-87.29, 87.99, 40_000)
    small = random.standard_normal(40_000) * np.exp(random.uniform(-30, 3, 40_000))
    return np.resize(np.concatenate([grid, small]), 80_000).astype(np.float32)


@pytest.fixture(scope="module")
def found():
    return outputs(probe, NAMES, (points(),), np.float32)


def at(*values):
    x = np.resize(np.array(values, np.float32), 16)
    rows = outputs(probe, NAMES, (x,), np.float32)
    return {name: row[: len(values)] for name, row in rows.items()}


def test_exp_is_within_two_units_in_the_last_place(found):
    x = points()[:40_000]

    assert in_last_place(found["exp"][:40_000], np.exp(x.astype(np.float64))).max() < 2


def test_exp_vanishes_far_below_and_stays_finite_far_above():
    assert at(-87.4, -1e30, -np.inf, 0.0)["exp"].tolist() == [0, 0, 0, 1]
    assert np.isfinite(at(88.1, 1e30, np.inf)["exp"]).all()


def test_tanh_is_within_two_ten_millionths(found):
    wanted = np.tanh(points().astype(np.float64))

    assert np.abs(found["tanh"] - wanted).max() < 2e-7


def test_tanh_ends_at_one_and_is_odd():
    assert at(1e30, -1e30, np.inf, -np.inf)["tanh"].tolist() == [1, -1, 1, -1]
    x = points()[:1600]
    assert (at(*x[:16])["tanh"] == -at(*-x[:16])["tanh"]).all()


def test_silu_is_near_its_meaning(found):
    x = points().astype(np.float64)
    wanted = x / (1 + np.exp(-x))

    assert (np.abs(found["silu"] - wanted) <= 4e-7 * np.abs(wanted) + 1e-30).all()


def test_gelu_is_near_its_meaning(found):
    x = points().astype(np.float64)
    wanted = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))

    assert (np.abs(found["gelu_tanh"] - wanted) <= 3e-7 * np.maximum(np.abs(x), 1e-30)).all()


def test_no_number_stays_no_number():
    assert np.isnan([row[0] for row in at(np.nan, 1).values()]).all()
