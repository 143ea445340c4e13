"""Every family, converted and run, against transformers and llama.cpp; see ``tests/tools/tiny_family.py``."""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.engine.inference.sessions import after, session_of

from octavo.api import MixtureOptions
from octavo.engine.checkpoint.gguf_reader import GgufCheckpoint
from octavo.engine.checkpoint.hf_families import FAMILIES
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert.convert import convert
from octavo.engine.inference.families.registry import family
from octavo.engine.progress import finish

DATA = Path(__file__).parents[1] / "data" / "families"
NAMES = sorted(each.name for each in DATA.iterdir())
SHORT = 24
PLUGINS = {"Q8_0": "octavo_q8_0", "Q4_K_M": "octavo_q4_k_m"}
# llama.cpp lets Mistral attend to everything, so its files do not say the window.
OURS_ALONE = {"llama.attention.sliding_window"}
ALLOWED = {"f32": 1e-4, "f16": 2e-2}


@pytest.fixture(params=NAMES)
def tiny(request):
    """A folder, what is expected of it, and its true logits: of 4 tokens of a short text, and 12 of a long one."""
    folder = DATA / request.param
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return folder, expected, np.load(folder / "logits.npy")


def last_logits(path, ids, n, *, kv_type, **options):
    """The logits of the last ``n`` tokens, the last ones of them read one by one."""
    with session_of(path, context_tokens=len(ids), kv_type=kv_type, **options) as session:
        rows = [after(session, ids[: len(ids) - n + 1])]
        rows += [session.step(token).copy() for token in ids[len(ids) - n + 1 :]]
        together = finish(session.logits(ids))[-n:]
    assert np.abs(np.array(rows) - together).max() < ALLOWED[kv_type]
    return together


def test_the_logits_are_those_of_transformers(tiny):
    folder, expected, wanted = tiny
    ids = expected["ids"]

    short = last_logits(folder, ids[:SHORT], 4, kv_type="f32")
    long = last_logits(folder, ids, 12, kv_type="f32", n_threads=2)

    found = np.concatenate([short, long])
    assert np.abs(found - wanted).max() < ALLOWED["f32"]
    assert (found.argmax(axis=1) == wanted.argmax(axis=1)).all()


def test_a_cache_in_half_precision_changes_little(tiny):
    folder, expected, wanted = tiny

    found = last_logits(folder, expected["ids"], 12, kv_type="f16")
    assert np.abs(found - wanted[4:]).max() < ALLOWED["f16"]


@pytest.mark.parametrize("kind", PLUGINS)
def test_the_tensors_are_those_of_llama_quantize(tiny, kind, tmp_path):
    folder, expected, _ = tiny
    (quantizer,) = importlib.import_module(PLUGINS[kind]).quantizers()
    options = MixtureOptions(compatible=True) if quantizer.Options is MixtureOptions else None
    source = open_checkpoint(folder)
    finish(convert(source, quantizer, options, tmp_path / "new.gguf"))
    source.close()

    made = GgufCheckpoint(tmp_path / "new.gguf")
    types = {each.name: each.block_type.name for each in made.tensors}
    digest = hashlib.sha256()
    for each in made.tensors:
        digest.update(made.read(each.name).tobytes())
    made.close()
    assert list(types.items()) == list(expected[kind]["types"].items())
    assert digest.hexdigest() == expected[kind]["sha256"]


def test_the_fields_are_those_of_llama_cpp(tiny):
    folder, expected, _ = tiny
    source = open_checkpoint(folder)
    fields = {key: each for key, each in source.fields.items() if key not in OURS_ALONE}
    source.close()

    assert list(fields) == expected["keys"]
    for key, value in expected["fields"].items():
        wanted = pytest.approx(value, rel=1e-6) if isinstance(value, float) else value
        assert fields[key].value == wanted, key


def test_the_older_dialect_of_the_configuration_means_the_same(tiny, tmp_path):
    folder, _, _ = tiny
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    whole = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    whole["torch_dtype"] = whole.pop("dtype")
    config = whole.get("text_config", whole)
    rope = config.pop("rope_parameters")
    full = rope.get("full_attention", rope)
    config["rope_theta"] = full.pop("rope_theta")
    if full is not rope and rope["sliding_attention"]["rope_theta"] != config["rope_theta"]:
        config["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
    config["partial_rotary_factor"] = full.pop("partial_rotary_factor", None)
    config["rope_scaling"] = None if full == {"rope_type": "default"} else full
    (copy / "config.json").write_text(json.dumps(whole), encoding="utf-8")
    new, old = open_checkpoint(folder), open_checkpoint(copy)

    assert old.fields == new.fields
    assert old.tensors == new.tensors
    assert old.hyperparameters == new.hyperparameters
    new.close()
    old.close()


def test_every_family_that_converts_can_run_and_is_tested_here():
    tested = [FAMILIES[name.partition("-")[0]] for name in NAMES]
    assert [name for name, each in FAMILIES.items() if each not in tested] == []
    for each in FAMILIES.values():
        assert family(each.architecture)
