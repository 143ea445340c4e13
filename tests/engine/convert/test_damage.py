"""Weights that are no finite numbers: refused, or set to 0 and told of where people want to go on."""

import contextlib

import numpy as np
import pytest
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder
from tests.fixtures.safetensors_files import write_safetensors
from tests.fixtures.tiny_models import Shape, tiny_weights

from octavo.engine.blocks.codec import decode
from octavo.engine.calibrate.layers import Layers
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert.convert import convert_all
from octavo.engine.convert.output import Output
from octavo.engine.errors import OctavoError
from octavo.engine.progress import finish
from octavo.plugin.host import PluginHost

HOST = PluginHost()
SHAPE = Shape(n_layers=1, n_embedding=64, n_feed_forward=96, n_heads=2, n_kv_heads=1, head_size=32)


@pytest.fixture
def damaged(tmp_path):
    """A model whose last two weights are no finite numbers."""
    path = write_tiny_gguf(tmp_path / "model.gguf", dtype="F32")
    raw = bytearray(path.read_bytes())
    raw[-8:] = np.array([np.inf, np.nan], np.float32).tobytes()
    path.write_bytes(raw)
    with contextlib.closing(open_checkpoint(path)) as checkpoint:
        yield checkpoint


def wishes(folder, *names):
    return [Output(HOST.quantizer(each), None, folder / f"{each}.gguf") for each in names]


def test_they_become_0_where_that_is_wanted_and_are_told(damaged, tmp_path):
    last = damaged.tensors[-1]

    reports = finish(convert_all(damaged, wishes(tmp_path, "Q8_0", "F16"), goes_on=True))

    for report in reports:
        assert f"Damaged: 2 weights of {last.name} were no finite numbers and are 0 now." in report.notes
        with contextlib.closing(open_checkpoint(report.output)) as made:
            found = decode(made.read(last.name), made.tensor(last.name).block_type)
        assert np.isfinite(found).all()
        assert (found[-1, -2:] == 0).all()


def test_they_are_refused_otherwise_and_nothing_is_left(damaged, tmp_path):
    with pytest.raises(OctavoError, match="no finite numbers") as refusal:
        finish(convert_all(damaged, wishes(tmp_path, "Q8_0")))

    assert damaged.tensors[-1].name in refusal.value.message
    assert "--allow-damaged" in refusal.value.hint
    assert [each.name for each in tmp_path.iterdir()] == ["model.gguf"]


def test_no_text_runs_through_a_damaged_layer(tmp_path):
    folder = write_tiny_hf_folder(tmp_path / "hf", shape=SHAPE, dtype="F32")
    weights = tiny_weights(shape=SHAPE)
    weights["model.layers.0.mlp.down_proj.weight"][0, 0] = np.nan
    write_safetensors(folder / "model.safetensors", weights, "F32")
    with contextlib.closing(open_checkpoint(folder)) as source:
        layers = Layers(source, np.arange(40).reshape(2, 20), 1)

        with contextlib.closing(layers), pytest.raises(OctavoError, match=r"blk\.0\.ffn_down\.weight holds"):
            finish(layers.reach(0))


def test_the_copy_is_proved_beside_what_it_was_made_of(damaged, tmp_path):
    (report,) = finish(convert_all(damaged, wishes(tmp_path, "Lossless"), goes_on=True, proves=True))

    assert report.proof.tokens_source
    assert report.proof.first_difference is None
    assert report.proof.skipped == ""
