"""The operations between matrix products, each against its numpy meaning."""

import numpy as np
import pytest
from tests.engine.kernels.products import activations, bound, meaning
from tests.engine.kernels.programs import Grid, Machine, grid
from tests.engine.kernels.raw_weights import ALL, make

from octavo.engine.kernels import state


@pytest.mark.parametrize("name", ALL)
def test_tokens_become_their_scaled_rows(name):
    weights, matrix = make(name, 37, 512)
    ids = [36, 0, 15, 16, 3, 3, 31]
    out = Grid(len(ids), 512)

    for n_tokens, n_threads in ((7, 1), (7, 3), (1, 2)):
        out.values[:] = 7
        with Machine(n_threads) as machine:
            machine.add(state.EMBED, weights.address, out.address, out.stride, 1.5)
            assert machine.run(n_tokens, tokens=ids)

        wanted = 1.5 * matrix[ids[:n_tokens]]
        allowed = 2e-7 * (np.abs(wanted) + np.abs(wanted).max())
        assert (np.abs(out.values[:n_tokens] - wanted) <= allowed).all()
        assert (out.values[n_tokens:] == 7).all()


@pytest.mark.parametrize("n_threads", [1, 3])
def test_rope_tables_hold_cosines_and_sines_of_far_positions(n_threads):
    frequencies = 1e4 ** (-np.arange(32) / 32)
    table = Grid(5, 64)
    with Machine(n_threads) as machine:
        machine.add(state.ROPE_TABLE, frequencies.ctypes.data, 32, table.address, table.stride, 1.25)
        assert machine.run(5, position=100_000)

    angles = (100_000 + np.arange(5))[:, None] * frequencies
    wanted = 1.25 * np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    assert np.abs(table.values - wanted).max() < 2e-7


@pytest.mark.parametrize("n_tokens", [1, 4])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_normed_rows_are_added_to_the_residual_stream(n_threads, n_tokens):
    random = np.random.default_rng(0)
    x, before = random.standard_normal((2, n_tokens, 80)).astype(np.float32)
    weight = random.standard_normal(80).astype(np.float32)
    source, out = grid(x), grid(before)
    with Machine(n_threads) as machine:
        machine.add(
            state.NORM_ADD, source.address, source.stride, 80, weight.ctypes.data, 1e-6,
            out.address, out.stride,
        )  # fmt: skip
        assert machine.run(n_tokens)

    exact = x.astype(np.float64)
    wanted = before + exact / np.sqrt((exact**2).mean(axis=1, keepdims=True) + 1e-6) * weight
    assert np.abs(out.values - wanted).max() < 2e-6


@pytest.mark.parametrize("n_threads", [1, 3])
def test_logits_are_capped_softly(n_threads):
    x = np.random.default_rng(0).standard_normal((3, 83)).astype(np.float32) * np.float32(40)
    rows = grid(x)
    with Machine(n_threads) as machine:
        machine.add(state.SOFT_CAP, rows.address, rows.stride, 83, 30.0)
        assert machine.run(3)

    assert np.abs(rows.values - 30 * np.tanh(x.astype(np.float64) / 30)).max() < 1e-5


def activation(name, x):
    if name == "silu":
        return x / (1 + np.exp(-x))
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


@pytest.mark.parametrize("kind", ["silu", "gelu"])
@pytest.mark.parametrize("n_tokens", [1, 2, 9])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_gates_multiply_what_they_let_through(kind, n_tokens, n_threads):
    (gate, gate_matrix), (up, up_matrix) = make("Q4_0", 72, 128), make("F16", 72, 128, "negative")
    x = activations(n_tokens, 128)
    source, floats, records = grid(x), Grid(n_tokens, 128), Grid(n_tokens, 64)
    out = Grid(n_tokens, 2 * 80)
    with Machine(n_threads) as machine:
        machine.add(
            state.PREPARE, source.address, source.stride, 128, 0, 0.0, floats.address, floats.stride,
            records.address, records.stride, 1, flags=state.BARRIER_IF_MANY,
        )  # fmt: skip
        machine.add(
            state.GATED, floats.address, floats.stride, records.address, records.stride, gate.address,
            up.address, out.address, out.address + 4 * 80, out.stride, int(kind == "gelu"),
        )  # fmt: skip
        assert machine.run(n_tokens)

    g, u = meaning(gate, gate_matrix, x), meaning(up, up_matrix, x)
    wanted = activation(kind, g) * u
    allowed = 2 * (bound(gate_matrix, x) * np.abs(u) + bound(up_matrix, x) * np.abs(g)) + 1e-6
    assert (np.abs(out.values[:, :72] - wanted) <= allowed).all()


def test_one_operation_multiplies_by_several_matrices_of_several_types():
    names = ("Q8_0", "F32", "Q4_K")
    made = [make(name, rows, 256) for name, rows in zip(names, (48, 17, 100), strict=True)]
    for n_tokens in (1, 5):
        x = activations(n_tokens, 256)
        source, floats, records = grid(x), Grid(n_tokens, 256), Grid(n_tokens, 128)
        outs = [Grid(n_tokens, 16 * weights.n_groups) for weights, _ in made]
        with Machine(3) as machine:
            machine.add(
                state.PREPARE, source.address, source.stride, 256, 0, 0.0, floats.address, floats.stride,
                records.address, records.stride, 1, flags=state.BARRIER_IF_MANY,
            )  # fmt: skip
            fields = [floats.address, floats.stride, records.address, records.stride, 0, 3]
            for (weights, _), out in zip(made, outs, strict=True):
                fields += [weights.address, out.address, out.stride]
            machine.add(state.LINEAR, *fields)
            assert machine.run(n_tokens)

        for (weights, matrix), out in zip(made, outs, strict=True):
            error = np.abs(out.values[:, : weights.rows] - meaning(weights, matrix, x))
            assert (error <= bound(matrix, x)).all()
