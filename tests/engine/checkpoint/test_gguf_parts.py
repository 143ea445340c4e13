from __future__ import annotations

import numpy as np
import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.checkpoint.gguf_reader import GgufCheckpoint
from octavo.engine.checkpoint.outgoing import outgoing_fields
from octavo.engine.errors import UnreadableModel


@pytest.fixture
def parts(tmp_path):
    write_tiny_gguf(tmp_path / "m.gguf", tensors_per_part=8)
    found = sorted(tmp_path.glob("m-*.gguf"))
    assert [path.name for path in found] == [f"m-0000{n}-of-00003.gguf" for n in (1, 2, 3)]
    return found


@pytest.mark.parametrize("number", [0, 1, 2])
def test_any_part_opens_the_whole_model(tmp_path, parts, number):
    whole = GgufCheckpoint(write_tiny_gguf(tmp_path / "whole.gguf"))
    model = GgufCheckpoint(parts[number])

    assert model.files() == parts
    assert model.tensors == whole.tensors
    assert all(np.array_equal(model.read(info.name), whole.read(info.name)) for info in whole.tensors)
    assert model.hyperparameters == whole.hyperparameters
    assert outgoing_fields(model.fields, 0) == outgoing_fields(whole.fields, 0)
    assert model.card.file_bytes == sum(path.stat().st_size for path in parts)
    assert model.unchanged()


def test_a_missing_part_is_named(parts):
    parts[1].unlink()

    with pytest.raises(UnreadableModel, match=r"its part m-00002-of-00003\.gguf is missing"):
        GgufCheckpoint(parts[0])


def test_a_part_under_another_name_is_refused(parts):
    other = parts[0].rename(parts[0].with_name("renamed.gguf"))

    with pytest.raises(UnreadableModel, match="part 1 of 3, but its name does not say so"):
        GgufCheckpoint(other)


def test_a_part_in_the_place_of_another_is_refused(parts):
    parts[2].write_bytes(parts[1].read_bytes())

    with pytest.raises(UnreadableModel, match="does not say that it is part 3 of 3"):
        GgufCheckpoint(parts[0])
