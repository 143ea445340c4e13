"""A 4-bit folder made elsewhere: opened, run as it is, and turned into a GGUF that says the same."""

import contextlib

import numpy as np
import pytest
from tests.engine.inference.sessions import after, session_of, some_ids
from tests.fixtures.checkpoints import gguf_weights, write_tiny_hf_folder
from tests.fixtures.int4_folders import quantize_folder, write_arrays
from tests.fixtures.tiny_models import Shape

from octavo.engine.blocks.codec import decode
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert.convert import convert
from octavo.engine.estimate.memory import estimate_memory
from octavo.engine.progress import finish
from octavo.plugin.host import PluginHost

SHAPE = Shape(n_layers=1)


def folders(tmp_path, method, group=64):
    """The 4-bit folder, and one of the same weights as float32."""
    packed = write_tiny_hf_folder(tmp_path / "packed", shape=SHAPE, dtype="F16")
    plain = write_tiny_hf_folder(tmp_path / "plain", shape=SHAPE, dtype="F16")
    meant = quantize_folder(packed, method, group=group)
    from safetensors.numpy import load_file

    arrays = load_file(plain / "model.safetensors")
    write_arrays(
        plain / "model.safetensors",
        {name: meant.get(name, each).astype(np.float32) for name, each in arrays.items()},
    )
    return packed, plain, meant


@pytest.mark.parametrize("method", ["awq", "symmetric", "asymmetric"])
def test_a_4_bit_folder_runs_as_it_is(tmp_path, method):
    packed, plain, _ = folders(tmp_path, method)
    ids = some_ids(24, 256)

    with session_of(plain) as one, session_of(packed) as other:
        expected, found = after(one, ids), after(other, ids)
        weights_bytes = estimate_memory(open_checkpoint(packed).card, None, context_tokens=256).weights_bytes
        whole = estimate_memory(open_checkpoint(plain).card, None, context_tokens=256).weights_bytes

    assert np.abs(found - expected).max() < 0.03 * np.abs(expected).max()
    assert found.argmax() == expected.argmax()
    assert weights_bytes < 0.4 * whole


@pytest.mark.parametrize("group", [32, 128, 256])
@pytest.mark.parametrize("method", ["awq", "symmetric", "asymmetric"])
def test_a_4_bit_folder_becomes_a_gguf_of_the_same_weights(tmp_path, method, group):
    packed, _, meant = folders(tmp_path, method, group)
    lossless = PluginHost().quantizer("Lossless")
    target = tmp_path / "new.gguf"

    with contextlib.closing(open_checkpoint(packed)) as source:
        report = finish(convert(source, lossless, None, target))

    assert report.file_bytes == report.predicted_bytes == target.stat().st_size
    assert not any("better" in note for note in report.notes)
    result = open_checkpoint(target)
    for name, weights in gguf_weights(meant, "llama", SHAPE).items():
        kind = result.tensor(name).block_type
        assert kind.name == ("Q4_0" if method == "symmetric" else "Q4_1")
        error = np.abs(decode(result.read(name), kind) - weights).max()
        assert error <= (0 if method == "symmetric" else np.abs(weights).max() * 2.0**-11), name
