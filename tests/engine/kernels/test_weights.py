"""Packed matrices: their size is what the estimates say, and parts make the same whole."""

import numpy as np
import pytest
from tests.engine.kernels.products import activations, multiply
from tests.engine.kernels.raw_weights import ALL, columns_of, raw_rows

from octavo.engine.blocks.types import block_type
from octavo.engine.kernels.layout import packed_bytes
from octavo.engine.kernels.weights import Weights, entries_for


@pytest.mark.parametrize("name", ALL)
def test_packed_size_is_what_the_layout_predicts(name):
    for columns in columns_of(name):
        for rows in (1, 16, 17, 100):
            assert Weights(block_type(name), rows, columns).n_bytes == packed_bytes(
                block_type(name), rows, columns
            )


@pytest.mark.parametrize("name", ALL)
def test_packed_size_is_at_most_a_tenth_above_the_files(name):
    kind = block_type(name)

    assert packed_bytes(kind, 1024, 2048) <= 1.1 * 1024 * kind.row_bytes(2048)


@pytest.mark.parametrize("name", ALL)
def test_groups_may_be_filled_in_any_order_and_portions(name):
    raw, kind = raw_rows(name, 87, 512), block_type(name)
    whole, parts = Weights(kind, 87, 512), Weights(kind, 87, 512)
    asked = []

    def read(row, n):
        asked.append((row, n))
        return np.ascontiguousarray(raw[row : row + n])

    whole.fill(read, 0, 6)
    for first, last in ((4, 6), (0, 1), (1, 4)):
        parts.fill(read, first, last)

    x = activations(1, 512)
    assert (multiply(whole, x) == multiply(parts, x)).all()
    assert asked == [(0, 87), (64, 23), (0, 16), (16, 48)]


def test_block_types_without_kernels_are_no_keys():
    with pytest.raises(KeyError):
        entries_for(block_type("IQ3_S"))
