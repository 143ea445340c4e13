from __future__ import annotations

import gguf
import numpy as np
import pytest

from octavo.engine.blocks.codec import can_decode, decode
from octavo.engine.blocks.formats import FORMATS
from octavo.engine.blocks.types import block_type

IN_GGUF = [name for name in FORMATS if block_type(name).ggml_id >= 0]


def random_rows(name: str, columns: int = 512, rows: int = 64) -> np.ndarray:
    row_bytes = block_type(name).row_bytes(columns)
    return np.random.default_rng(3).integers(0, 256, (rows, row_bytes), dtype=np.uint8)


@pytest.mark.parametrize("name", IN_GGUF)
def test_any_bytes_decode_to_the_same_numbers_as_in_gguf_py(name):
    raw = random_rows(name)
    with np.errstate(all="ignore"):
        expected = gguf.quants.dequantize(raw, gguf.GGMLQuantizationType[name])

    weights = decode(raw, block_type(name))

    assert weights.dtype == np.float32
    np.testing.assert_array_equal(weights, expected)


@pytest.mark.parametrize("name", FORMATS)
def test_rows_are_decoded_one_by_one(name):
    raw = random_rows(name, columns=256, rows=5)

    together = decode(raw, block_type(name))

    for row in range(5):
        np.testing.assert_array_equal(together[row : row + 1], decode(raw[row : row + 1], block_type(name)))


def test_a_view_of_every_other_row_is_decoded():
    raw = random_rows("Q4_K")

    weights = decode(raw[::2], block_type("Q4_K"))

    np.testing.assert_array_equal(weights, decode(raw, block_type("Q4_K"))[::2])


def test_a_matrix_without_rows_decodes_to_none():
    assert decode(np.empty((0, 34), np.uint8), block_type("Q8_0")).shape == (0, 32)


def test_bytes_that_are_no_whole_blocks_are_refused():
    with pytest.raises(ValueError, match="no whole number of Q8_0 blocks"):
        decode(np.zeros((2, 35), np.uint8), block_type("Q8_0"))


def test_types_without_a_decoder_are_known():
    assert not can_decode(block_type("IQ1_S"))
    assert can_decode(block_type("IQ4_XS"))
