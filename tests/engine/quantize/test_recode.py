from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from octavo.api import decode, encode
from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.errors import OctavoError, UnsupportedModel
from octavo.engine.quantize import recode
from octavo.engine.quantize.recode import Recoder

F32, Q8_0, F16 = block_type("F32"), block_type("Q8_0"), block_type("F16")


class Weights:
    """A source of one tensor, which counts what is read of it."""

    def __init__(self, raw, kind=F32, n_weights=None):
        self.raw = raw
        self.tensor = TensorInfo("blk.0.ffn_up.weight", (len(raw), n_weights or raw.shape[1] // 4), kind)
        self.largest_read = 0

    def read(self, name, first_row, n_rows):
        self.largest_read = max(self.largest_read, n_rows)
        return self.raw[first_row : first_row + n_rows]


def random_weights(rows=64, columns=64):
    return np.random.default_rng(1).normal(size=(rows, columns)).astype(np.float32)


def recoded(source, to, n_threads=1):
    with ThreadPoolExecutor(n_threads) as threads:
        slabs = Recoder(source, threads, n_threads).slabs(source.tensor, to, lambda rows, _: encode(rows, to))
        return np.concatenate(list(slabs))


def test_slabs_bound_what_is_read_and_change_no_byte(monkeypatch):
    weights = random_weights()
    source = Weights(weights.view(np.uint8))
    monkeypatch.setattr(recode, "SLAB_BYTES", 10 * 64 * 4)

    blocks = recoded(source, Q8_0)

    assert source.largest_read == 10
    assert (blocks == encode(weights, Q8_0)).all()


def test_the_number_of_threads_changes_no_byte():
    weights = random_weights()

    one, three = (recoded(Weights(weights.view(np.uint8)), Q8_0, n) for n in (1, 3))

    assert (one == three).all()


def test_the_same_type_is_copied_as_it_is():
    blocks = encode(random_weights(), Q8_0)

    assert (recoded(Weights(blocks, Q8_0, 64), Q8_0) == blocks).all()


def test_a_quantized_source_is_decoded_first():
    blocks = encode(random_weights(), Q8_0)

    assert (recoded(Weights(blocks, Q8_0, 64), F16) == encode(decode(blocks, Q8_0), F16)).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("to", [Q8_0, F32])
def test_weights_that_are_no_numbers_stop_with_the_tensor_s_name(bad, to):
    weights = random_weights()
    weights[63, 5] = bad

    with pytest.raises(OctavoError, match=r"blk\.0\.ffn_up\.weight holds weights that are no finite numbers"):
        recoded(Weights(weights.view(np.uint8)), to)


def test_weights_that_overflow_a_scale_stop_with_the_tensor_s_name():
    weights = random_weights()
    weights[3, 3] = 1e30

    with pytest.raises(OctavoError, match=r"blk\.0\.ffn_up\.weight holds weights too large for Q8_0"):
        recoded(Weights(weights.view(np.uint8)), Q8_0)


def test_a_type_that_cannot_be_decoded_is_kept_or_refused():
    raw = np.arange(2 * 66, dtype=np.uint8).reshape(2, 66)
    source = Weights(raw, block_type("IQ2_XXS"), 256)

    assert (recoded(source, source.tensor.block_type) == raw).all()
    with pytest.raises(UnsupportedModel, match="IQ2_XXS"):
        recoded(source, Q8_0)
