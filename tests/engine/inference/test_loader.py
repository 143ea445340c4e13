"""What of a file becomes a loaded model's weights."""

import contextlib
from types import SimpleNamespace

from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.inference.loader import load_weights
from octavo.engine.progress import finish


def test_what_the_family_does_not_know_is_not_read(tmp_path):
    strange = [
        TensorInfo("extra.weight", (32,), block_type("I32")),
        TensorInfo("extra.bias", (7,), block_type("F32")),
        TensorInfo("more.weight", (16, 32), block_type("IQ2_XXS")),
    ]
    with contextlib.closing(open_checkpoint(write_tiny_gguf(tmp_path / "tiny.gguf"))) as model:
        known = {each.name for each in model.tensors}
        shown = SimpleNamespace(
            tensors=[*strange, *model.tensors],
            hyperparameters=model.hyperparameters,
            read=model.read,
            unchanged=model.unchanged,
        )
        loaded = finish(load_weights(shown, 1))

    assert loaded.matrices.keys() | loaded.vectors.keys() == known
