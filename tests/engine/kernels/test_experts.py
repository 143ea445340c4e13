"""A mixture of experts by the program's own operations, against the same in numpy and float64."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from tests.engine.kernels.products import packed_values
from tests.engine.kernels.programs import Grid, Machine, grid
from tests.engine.kernels.raw_weights import ALL, raw_rows

from octavo.engine.blocks.codec import decode
from octavo.engine.blocks.types import block_type
from octavo.engine.kernels import expert_choice, experts, state
from octavo.engine.kernels.expert_layout import CHOICE
from octavo.engine.kernels.weights import Weights

N_EXPERTS, N_USED = 6, 3
WIDTH, INNER = 256, 256


def make_experts(name, rows, columns, kind="random"):
    """Packed weights of all experts, and what they mean, float64[experts, rows, columns]."""
    raw = raw_rows(name, N_EXPERTS * rows, columns, kind)
    weights = Weights(block_type(name), rows, columns, N_EXPERTS)
    weights.fill(lambda row, n: raw[row : row + n], 0, 5)
    weights.fill(lambda row, n: raw[row : row + n], 5, N_EXPERTS * weights.n_groups)
    meaning = decode(raw, block_type(name)).astype(np.float64)
    return weights, meaning.reshape(N_EXPERTS, rows, columns)


class Mixture:
    """A layer's experts and what goes into them."""

    def __init__(self, names, n_tokens, inner=INNER, seed=0):
        random = np.random.default_rng(seed + n_tokens)
        gate, up, down = names
        self.inner = inner
        self.gate, self.gate_matrix = make_experts(gate, inner, WIDTH)
        self.up, self.up_matrix = make_experts(up, inner, WIDTH, "negative")
        self.down, self.down_matrix = make_experts(down, WIDTH, inner)
        # Gates of a few units, where the activations bend.
        loudness = 3 / (self.gate_matrix.std() * WIDTH**0.5)
        self.x = (random.standard_normal((n_tokens, WIDTH)) * loudness).astype(np.float32)
        self.router = random.standard_normal((n_tokens, N_EXPERTS)).astype(np.float32)
        self.before = random.standard_normal((n_tokens, WIDTH)).astype(np.float32)

    def run(self, n_threads, *, normalizes=True, is_gelu=False):
        """What the operations leave in the residual stream, float32[tokens, WIDTH]."""
        n = len(self.x)
        source, router, out = grid(self.x), grid(self.router), grid(self.before)
        floats, records, choices = Grid(n, WIDTH), Grid(n, WIDTH // 2), Grid(n, N_USED * CHOICE // 4)
        rows = n * N_USED
        gathered, gathered_records = Grid(rows, WIDTH), Grid(rows, WIDTH // 2)
        inner = Grid(rows, 32 * (self.inner // 32 + 1))
        chosen = (N_EXPERTS, N_USED)
        many = state.BARRIER_IF_MANY
        with Machine(n_threads) as machine:
            machine.add_experts(N_EXPERTS, N_USED, n)
            machine.add(
                state.PREPARE, source.address, source.stride, WIDTH, 0, 0.0, floats.address, floats.stride,
                records.address, records.stride, 1, flags=many,
            )  # fmt: skip
            machine.add(
                state.CALL, expert_choice.route.address, *chosen, int(normalizes), router.address, router.stride,
                choices.address, choices.stride, flags=many,
            )  # fmt: skip
            machine.add(
                state.CALL, expert_choice.gather.address, *chosen, choices.address, choices.stride, WIDTH,
                floats.address, floats.stride, gathered.address, gathered.stride,
                records.address, records.stride, gathered_records.address, gathered_records.stride, flags=many,
            )  # fmt: skip
            machine.add(
                state.CALL, experts.experts_in.address, N_EXPERTS, self.gate.address, self.up.address,
                self.down.address, gathered.address, gathered.stride, gathered_records.address,
                gathered_records.stride, inner.address, inner.stride, int(is_gelu),
            )  # fmt: skip
            machine.add(
                state.CALL, experts.experts_out.address, N_EXPERTS, self.down.address, inner.address,
                inner.stride, out.address, out.stride,
            )  # fmt: skip
            assert machine.run(n)
        return out.values.copy()

    def meaning(self, *, normalizes=True, is_gelu=False):
        """The same in float64, and how far sums in float32 and packed activations may be off."""
        wanted, slack = self.before.astype(np.float64), np.zeros(len(self.x))
        for t, logits in enumerate(self.router.astype(np.float64)):
            chances = np.exp(logits) / np.exp(logits).sum()
            best = np.argsort(-logits)[:N_USED]
            weights = chances[best] / (chances[best].sum() if normalizes else 1)
            for expert, weight in zip(best, weights, strict=True):
                g = self.gate_matrix[expert] @ self._seen(self.gate, self.x[t])
                u = self.up_matrix[expert] @ self._seen(self.up, self.x[t])
                inner = self._activation(g, is_gelu) * u
                wanted[t] += weight * (self.down_matrix[expert] @ self._seen(self.down, inner))
                slack[t] += weight * np.abs(inner).max() * np.abs(self.down_matrix[expert]).sum(axis=1).max()
        # A number of inner at the edge of two steps may be rounded either way: one step of 127 in one place.
        return wanted, slack * (2e-6 if self.down.is_float else 2e-4)

    def _seen(self, weights, x):
        return x if weights.is_float else packed_values(x.astype(np.float32))

    def _activation(self, x, is_gelu):
        if is_gelu:
            return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
        return x / (1 + np.exp(-x))


@cache
def mixture(names, n_tokens, inner=INNER):
    return Mixture(names, n_tokens, inner)


def assert_right(made, n_threads, **options):
    wanted, slack = made.meaning(**options)
    found = made.run(n_threads, **options)
    assert (np.abs(found - wanted).max(axis=1) <= slack + 1e-5).all()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("n_tokens", [1, 23])
def test_every_block_type_does_for_experts(name, n_tokens):
    assert_right(mixture((name,) * 3, n_tokens), 2)


@pytest.mark.parametrize("n_tokens", [1, 2, 5, 8, 60])
@pytest.mark.parametrize("names", [("Q4_K", "Q4_K", "Q6_K"), ("Q8_0", "F16", "F32"), ("BF16",) * 3])
def test_tokens_and_threads_in_any_number(names, n_tokens):
    made = mixture(names, n_tokens)
    first = made.run(1)
    for n_threads in (2, 3, 4):
        assert np.array_equal(made.run(n_threads), first)
    assert_right(made, 1)


@pytest.mark.parametrize("options", [{"normalizes": False}, {"is_gelu": True}], ids=str)
@pytest.mark.parametrize("n_tokens", [1, 7])
def test_probabilities_and_activations_may_be_others(n_tokens, options):
    assert_right(mixture(("Q8_0",) * 3, n_tokens), 2, **options)


@pytest.mark.parametrize("inner", [32, 96, 200, 24])
@pytest.mark.parametrize("n_tokens", [1, 20])
def test_experts_of_any_width(inner, n_tokens):
    assert_right(mixture(("Q4_0", "Q4_0", "F16"), n_tokens, inner), 3)


def test_all_tokens_may_choose_the_same_experts():
    made = Mixture(("Q4_0",) * 3, 30)
    made.router[:] = [5, 1, 4, 0, 3, 2]
    assert_right(made, 2)


def chosen(logits, k, normalizes=True):
    """What the router chooses for one token: experts and weights."""
    row = grid(np.array([logits]))
    with Machine(1) as machine:
        machine.add_experts(len(logits), k, 2)
        choices = Grid(2, CHOICE // 4 * k)
        machine.add(
            state.CALL, expert_choice.route.address, len(logits), k, int(normalizes), row.address, 0,
            choices.address, choices.stride,
        )  # fmt: skip
        assert machine.run(2)
    found = choices.values[0].copy().view(np.int64).reshape(k, 2)
    return found[:, 0].tolist(), found[:, 1].copy().view(np.float32)[::2]


@pytest.mark.parametrize("k", [1, 2, 7, 37])
def test_the_largest_are_chosen_in_order(k):
    logits = np.random.default_rng(k).standard_normal(37).astype(np.float32)
    ids, weights = chosen(logits, k)
    best = np.argsort(-logits)[:k]

    assert ids == best.tolist()
    exact = np.exp(logits[best].astype(np.float64))
    assert np.abs(weights - exact / exact.sum()).max() < 1e-7


def test_weights_may_be_probabilities_among_all():
    logits = np.array([0.5, -1, 2, 1], np.float32)
    _, weights = chosen(logits, 2, normalizes=False)
    exact = np.exp(logits.astype(np.float64))

    assert np.abs(weights - exact[[2, 3]] / exact.sum()).max() < 1e-7


def test_of_equals_the_first_are_chosen():
    assert chosen(np.zeros(9, np.float32), 4)[0] == [0, 1, 2, 3]


def test_extreme_logits_do_not_overflow():
    ids, weights = chosen(np.array([3e38, -3e38, 1e30, 0], np.float32), 2)
    assert ids == [0, 2]
    assert weights.tolist() == [1, 0]


@pytest.mark.parametrize("where", [[0], [3], [0, 1, 2], range(6)], ids=str)
def test_no_expert_is_chosen_twice_among_numbers_that_are_none(where):
    logits = np.arange(6, dtype=np.float32)
    logits[list(where)] = np.nan
    ids, _ = chosen(logits, 4)

    assert len(set(ids)) == 4
    assert all(0 <= each < 6 for each in ids)
