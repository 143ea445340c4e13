from __future__ import annotations

import numpy as np
import pytest

from octavo.engine.blocks.codec import decode, encode
from octavo.engine.blocks.finite import has_non_finite, has_non_finite_scale, mended
from octavo.engine.blocks.formats import FORMATS
from octavo.engine.blocks.types import block_type


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_weight_that_is_no_number_is_found(value):
    weights = np.ones((30, 40), np.float32)
    weights[17, 3] = value

    assert has_non_finite(weights)


def test_large_finite_weights_are_finite():
    assert not has_non_finite(np.full((2, 100), 3e38, np.float32))


def test_infinities_that_cancel_are_found():
    assert has_non_finite(np.array([[np.inf, -np.inf, 0]], np.float32))


@pytest.mark.parametrize("name", FORMATS)
def test_blocks_of_zero_bytes_have_finite_scales(name):
    raw = np.zeros((3, block_type(name).row_bytes(256)), np.uint8)

    assert not has_non_finite_scale(raw, block_type(name))


@pytest.mark.parametrize("name", FORMATS)
def test_blocks_of_set_bits_have_scales_that_are_no_numbers(name):
    raw = np.zeros((3, block_type(name).row_bytes(256)), np.uint8)
    raw[1, -block_type(name).n_bytes :] = 255

    assert has_non_finite_scale(raw, block_type(name))


def test_a_scale_too_large_for_half_precision_is_found():
    weights = np.full((1, 32), 1e9, np.float32)

    assert has_non_finite_scale(encode(weights, block_type("Q8_0")), block_type("Q8_0"))


@pytest.mark.parametrize("name", FORMATS)
def test_mended_blocks_have_weights_of_0_and_their_neighbours_stay(name):
    kind = block_type(name)
    raw = np.ones((3, kind.row_bytes(256)), np.uint8)
    raw[1, -kind.n_bytes :] = 255

    found = mended(raw, kind)

    assert (decode(found, kind)[1, -kind.n_weights :] == 0).all()
    assert (found[1, : -kind.n_bytes] == 1).all()
    assert (found[[0, 2]] == 1).all()
    assert raw[1, -1] == 255


def test_sound_rows_are_not_copied_to_be_mended():
    raw = np.ones((2, 34), np.uint8)

    assert mended(raw, block_type("Q8_0")) is raw
