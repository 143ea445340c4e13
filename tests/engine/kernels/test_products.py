"""Matrix times vector and times many tokens, against blocks decoded and multiplied in float64."""

import numpy as np
import pytest
from tests.engine.kernels.products import activations, bound, meaning, multiply
from tests.engine.kernels.raw_weights import ALL, KINDS, columns_of, make

ROWS = (1, 15, 16, 17, 100)


def check(weights, matrix, x, **options):
    found = multiply(weights, x, **options)[:, : weights.rows]
    wanted = meaning(weights, matrix, x)
    if "before" in options:
        wanted = wanted + options["before"]

    assert (np.abs(found - wanted) <= bound(matrix, x) + 1e-7 * np.abs(wanted)).all()


@pytest.mark.parametrize("name", ALL)
def test_matrices_of_every_size_multiply_one_token_and_several(name):
    for columns in columns_of(name):
        for rows in ROWS:
            weights, matrix = make(name, rows, columns)
            for n_tokens in (1, 3):
                check(weights, matrix, activations(n_tokens, columns))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ALL)
def test_odd_scales_multiply_one_token_and_several(name, kind):
    weights, matrix = make(name, 33, 512, kind)

    for n_tokens in (1, 9):
        check(weights, matrix, activations(n_tokens, 512))


@pytest.mark.parametrize("name", ALL)
def test_any_number_of_tokens_gives_what_each_gives_alone(name):
    weights, matrix = make(name, 100, 256)
    x = activations(21, 256)
    alone = np.concatenate([multiply(weights, row[None]) for row in x])

    for n_tokens in range(2, 22):
        together = multiply(weights, x[:n_tokens])
        allowed = np.zeros_like(together)
        allowed[:, :100] = bound(matrix, x[:n_tokens])
        assert (np.abs(together - alone[:n_tokens]) <= allowed).all()


@pytest.mark.parametrize("name", ["Q8_0", "Q4_K", "Q6_K", "Q2_K", "F16"])
def test_many_tokens_and_long_rows_are_cut_into_parts_that_add_up(name):
    weights, matrix = make(name, 70, 4096)

    check(weights, matrix, activations(203, 4096))


@pytest.mark.parametrize("name", ALL)
def test_products_are_added_to_what_is_there(name):
    weights, matrix = make(name, 50, 256)
    before = np.random.default_rng(0).standard_normal((9, 50)).astype(np.float32)

    check(weights, matrix, activations(9, 256), before=before)
    check(weights, matrix, activations(1, 256), before=before[:1])


@pytest.mark.parametrize("n_tokens", [1, 2, 9])
@pytest.mark.parametrize("name", ["Q4_0", "F16"])
def test_a_bias_is_added_once_for_each_token(name, n_tokens):
    weights, _ = make(name, 50, 256)
    x = activations(n_tokens, 256)
    plain = multiply(weights, x)[:, :50].copy()
    bias = np.arange(50, dtype=np.float32)

    weights.set_bias(bias)

    assert (multiply(weights, x)[:, :50] == plain + bias).all()


@pytest.mark.parametrize("name", ["Q5_0", "Q6_K", "BF16"])
def test_threads_share_the_rows_without_changing_a_bit(name):
    weights, _ = make(name, 100, 512)

    for n_tokens in (1, 2, 11):
        x = activations(n_tokens, 512)
        alone = multiply(weights, x)
        for n_threads in (2, 3, 9):
            assert (multiply(weights, x, n_threads=n_threads) == alone).all()


@pytest.mark.parametrize("name", ["Q5_1", "Q3_K", "F32"])
@pytest.mark.parametrize("first", [1, 6, 7])
def test_operations_of_the_tail_do_the_last_tokens_alone(name, first):
    weights, matrix = make(name, 40, 256)
    x = activations(8, 256)

    found = multiply(weights, x, first_logit=first)

    tail = x[first:]
    assert (np.abs(found[: 8 - first, :40] - meaning(weights, matrix, tail)) <= bound(matrix, tail)).all()
    assert (found[8 - first :] == 0).all()


@pytest.mark.parametrize("name", ALL)
def test_rows_that_fill_up_the_last_group_give_nothing(name):
    weights, _ = make(name, 17, 256)

    for n_tokens in (1, 5):
        assert (multiply(weights, activations(n_tokens, 256))[:, 17:] == 0).all()
