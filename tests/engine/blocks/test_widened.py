import math

import numpy as np
import pytest

from octavo.engine.blocks.codec import decode, encode
from octavo.engine.blocks.types import block_type
from octavo.engine.blocks.widened import widened

TYPES = ("F32", "F16", "BF16", "Q8_0", "Q4_0")


def rows_of(name, rows=3, columns=64):
    weights = np.random.default_rng(2).standard_normal((rows, columns)).astype(np.float32)
    return encode(weights, block_type(name))


@pytest.mark.parametrize("name", TYPES)
def test_weights_are_those_of_the_decoder_and_the_largest_is_found(name):
    raw = rows_of(name)

    weights, largest = widened(raw, block_type(name))

    assert (weights == decode(raw, block_type(name))).all()
    assert largest == np.abs(weights).max()


@pytest.mark.parametrize("name", ["F32", "F16", "BF16"])
@pytest.mark.parametrize("columns", [64, 5])
@pytest.mark.parametrize("spoilt", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_found(name, columns, spoilt):
    weights = np.ones((3, columns), np.float32)
    weights[1, 2] = spoilt

    _, largest = widened(encode(weights, block_type(name)), block_type(name))

    assert math.isnan(largest)


def test_every_half_is_widened_as_numpy_does():
    halves = np.arange(1 << 16, dtype=np.uint16)
    halves = halves[np.isfinite(halves.view(np.float16))]
    weights, largest = widened(halves.reshape(1, -1).view(np.uint8), block_type("F16"))

    assert (weights == halves.view(np.float16).astype(np.float32)).all()
    assert largest == 65504


def test_rows_that_fill_no_vector_are_decoded_too():
    raw = encode(np.array([[1.0, -3.0, 2.0]], np.float32), block_type("F16"))

    weights, largest = widened(raw, block_type("F16"))

    assert (weights.tolist(), largest) == ([[1.0, -3.0, 2.0]], 3.0)
