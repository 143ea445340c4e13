"""A model to convert, as a folder and as a file."""

import contextlib

import pytest
from tests.engine.convert.converting import QUANTIZERS
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder

from octavo.engine.checkpoint.open import open_checkpoint


@pytest.fixture(params=["folder", "file"])
def source(request, tmp_path):
    if request.param == "folder":
        path = write_tiny_hf_folder(tmp_path / "model", shards=2)
    else:
        path = write_tiny_gguf(tmp_path / "model.gguf", dtype="BF16")
    with contextlib.closing(open_checkpoint(path)) as checkpoint:
        yield checkpoint


@pytest.fixture
def q8_0():
    return QUANTIZERS["Q8_0"]
