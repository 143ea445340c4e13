"""A model with weights that are no numbers: every shipped plugin stops at them, or goes on where that is wanted."""

import contextlib

import numpy as np
import pytest
from safetensors.numpy import load_file
from tests.fixtures.checkpoints import write_tiny_hf_folder
from tests.fixtures.int4_folders import write_arrays
from tests.fixtures.tiny_models import Shape

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert.choose import chosen_output
from octavo.engine.convert.convert import convert_all
from octavo.engine.errors import OctavoError
from octavo.engine.progress import finish
from octavo.engine.quantize.options import build_options, option_names
from octavo.plugin.host import PluginHost

SHAPE = Shape(n_layers=2, n_embedding=256, n_feed_forward=256, n_heads=4, n_kv_heads=2, context_length=64)
HOST = PluginHost()
NAMES = [each.name for each in HOST.quantizers()]
SPOILT = "model.layers.1.mlp.up_proj.weight"


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    folder = write_tiny_hf_folder(tmp_path_factory.mktemp("damaged") / "hf", shape=SHAPE, dtype="F16")
    arrays = load_file(folder / "model.safetensors")
    arrays[SPOILT][3, 5] = np.nan
    write_arrays(folder / "model.safetensors", arrays)
    return folder


def convert(folder, name, target, *, goes_on=False, **options):
    quantizer = HOST.quantizer(name)
    known = option_names(quantizer)
    chosen = build_options(quantizer, {key: each for key, each in options.items() if key in known})
    with contextlib.closing(open_checkpoint(folder)) as source:
        wish = chosen_output(source, quantizer, chosen, target, n_threads=1, goes_on=goes_on)
        return finish(convert_all(source, [wish], n_threads=1, goes_on=goes_on))


@pytest.mark.parametrize(("name", "mode"), [*((each, "quick") for each in NAMES), ("Q4_K_M", "best")])
def test_a_weight_that_is_no_number_stops_every_plugin_with_the_tensors_name(name, mode, damaged, tmp_path):
    with pytest.raises(OctavoError, match=r"blk\.1\.ffn_up\.weight holds weights that are no finite numbers"):
        convert(damaged, name, tmp_path / "new.gguf", mode=mode)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "mode"), [("AWQ", ""), ("Q4_K_M", "best")])
def test_text_runs_through_a_damaged_model_where_it_is_to_be_converted_anyway(name, mode, damaged, tmp_path):
    (report,) = convert(damaged, name, tmp_path / "new.gguf", goes_on=True, mode=mode)

    assert "Damaged: a weight of blk.1.ffn_up.weight was no finite number and is 0 now." in report.notes
    assert report.mode == "best"
    assert report.verified
