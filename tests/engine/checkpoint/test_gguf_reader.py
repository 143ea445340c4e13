from __future__ import annotations

import os

import gguf
import numpy as np
import pytest
from tests.fixtures.checkpoints import gguf_weights, write_tiny_gguf
from tests.fixtures.tiny_models import FAMILIES, TINY, tiny_vocabulary, tiny_weights

from octavo.engine.checkpoint.gguf_reader import GgufCheckpoint
from octavo.engine.errors import UnreadableModel


@pytest.fixture(params=FAMILIES)
def family(request):
    return request.param


def test_every_tensor_reads_as_it_was_written(tmp_path, family):
    expected = gguf_weights(tiny_weights(family, tied=False), family)
    model = GgufCheckpoint(write_tiny_gguf(tmp_path / "m.gguf", family, tied=False))

    assert {info.name for info in model.tensors} == set(expected)
    for name, weights in expected.items():
        info = model.tensor(name)
        assert info is not None
        assert info.shape == weights.shape
        assert np.array_equal(model.read(name).view(np.float32).reshape(weights.shape), weights)


def test_rows_read_in_pieces_make_the_whole_tensor(tmp_path):
    model = GgufCheckpoint(write_tiny_gguf(tmp_path / "m.gguf", dtype="Q8_0"))
    info = model.tensor("blk.1.ffn_up.weight")
    assert info is not None
    pieces = [model.read(info.name, row, 96) for row in range(0, 480, 96)]
    pieces.append(model.read(info.name, 480))

    assert pieces[0].shape == (96, info.columns // 32 * 34)
    assert np.array_equal(np.concatenate(pieces), model.read(info.name))


@pytest.mark.parametrize(("first", "count"), [(-1, 1), (0, 513), (512, 1), (0, -1)])
def test_rows_beyond_a_tensor_are_a_mistake(tmp_path, first, count):
    model = GgufCheckpoint(write_tiny_gguf(tmp_path / "m.gguf"))

    with pytest.raises(ValueError, match="has no rows"):
        model.read("blk.0.ffn_up.weight", first, count)


def test_fields_are_those_that_gguf_py_reads(tmp_path, family):
    path = write_tiny_gguf(tmp_path / "m.gguf", family)
    model = GgufCheckpoint(path)
    reference = gguf.GGUFReader(path)

    expected = {
        key: field.contents() for key, field in reference.fields.items() if not key.startswith("GGUF.")
    }
    assert list(model.fields) == list(expected)
    assert {key: field.value for key, field in model.fields.items()} == expected


def test_the_card_tells_what_people_want_to_know(tmp_path, family):
    card = GgufCheckpoint(write_tiny_gguf(tmp_path / "m.gguf", family, dtype="Q8_0")).card

    assert card.name == "Tiny"
    assert card.type_name == "Q8_0"
    assert card.container == "gguf"
    assert card.has_chat_template
    assert card.tokenizer == tiny_vocabulary(family).model
    assert card.n_parameters == sum(weights.size for weights in tiny_weights(family).values())
    assert card.file_bytes == (tmp_path / "m.gguf").stat().st_size
    assert card.problems == []
    assert card.hyperparameters.n_heads == (TINY.n_heads,) * 2


def test_a_model_without_tokenizer_opens_with_a_notice(tmp_path):
    path = write_tiny_gguf(tmp_path / "m.gguf", without=("tokenizer.ggml.model",))

    assert GgufCheckpoint(path).card.problems == ["It has no tokenizer, so it cannot chat."]


def test_a_change_on_disk_is_noticed(tmp_path):
    path = write_tiny_gguf(tmp_path / "m.gguf")
    model = GgufCheckpoint(path)
    assert model.unchanged()

    os.utime(path, ns=(0, 0))
    assert not model.unchanged()


def test_a_file_put_in_its_place_is_noticed(tmp_path):
    path = write_tiny_gguf(tmp_path / "m.gguf")
    model = GgufCheckpoint(path)
    other = write_tiny_gguf(tmp_path / "other.gguf", seed=1)
    before = model.read("output_norm.weight")
    other.replace(path)

    assert not model.unchanged()
    assert np.array_equal(model.read("output_norm.weight"), before)


def test_a_file_cut_after_opening_gives_a_sentence(tmp_path):
    path = write_tiny_gguf(tmp_path / "m.gguf")
    model = GgufCheckpoint(path)
    os.truncate(path, path.stat().st_size // 2)

    with pytest.raises(UnreadableModel, match="has become shorter"):
        model.read("output_norm.weight")
    assert not model.unchanged()


def test_a_closed_model_reads_no_more(tmp_path):
    model = GgufCheckpoint(write_tiny_gguf(tmp_path / "m.gguf"))
    model.close()
    model.close()

    with pytest.raises(UnreadableModel):
        model.read("output_norm.weight")
