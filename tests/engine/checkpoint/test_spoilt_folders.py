from __future__ import annotations

import json

import numpy as np
import pytest
from tests.fixtures.checkpoints import write_tiny_hf_folder
from tests.fixtures.safetensors_files import write_safetensors
from tests.fixtures.tiny_models import Shape, tiny_weights

from octavo.engine.checkpoint import json_files
from octavo.engine.checkpoint.safetensors_folder import SafetensorsFolder
from octavo.engine.errors import UnreadableModel, UnsupportedModel


def rewrite(name, change):
    def apply(folder):
        content = json.loads((folder / name).read_text())
        change(content)
        (folder / name).write_text(json.dumps(content))

    return apply


def put(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def remove(*names):
    def apply(folder):
        for name in names:
            (folder / name).unlink()

    return apply


def pickle_only(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def index(places):
    content = json.dumps({"weight_map": places}).encode()
    return put("model.safetensors.index.json", content)


def link_outside(folder):
    (folder.parent / "elsewhere.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    (folder / "part.safetensors").symlink_to(folder.parent / "elsewhere.safetensors")
    index({"a": "part.safetensors"})(folder)


SPOILT = {
    "no configuration": (remove("config.json"), "no config.json"),
    "no weights": (remove("model.safetensors"), "holds no weights"),
    "pickles only": (pickle_only, "are pickles"),
    "a pickle under another name": (
        put("model.safetensors", b"PK\x03\x04" + bytes(60)),
        "a pickle under another name",
    ),
    "configuration no JSON": (put("config.json", b"{"), "no valid JSON"),
    "configuration a list": (put("config.json", b"[]"), "no JSON object"),
    "configuration with NaN": (put("config.json", b'{"a": NaN}'), "NaN"),
    "configuration nested without end": (put("config.json", b'{"a":' + b"[" * 100_000), "nested too deeply"),
    "configuration nested deeply": (
        put("config.json", b'{"a":' + b"[" * 200 + b"]" * 200 + b"}"),
        "nested too deeply",
    ),
    "configuration not UTF-8": (put("config.json", b"\xff\xfe{}"), "not valid UTF-8"),
    "configuration too large": (
        put("config.json", b" " * (4 << 20) + b"{}"),
        "more than the 4194304 allowed",
    ),
    "half a character": (put("config.json", b'{"a": "\\ud800"}'), "half of a character"),
    "no width": (rewrite("config.json", lambda c: c.pop("hidden_size")), "does not say hidden_size"),
    "no heads": (rewrite("config.json", lambda c: c.update(num_attention_heads=0)), "head"),
    "heads as text": (
        rewrite("config.json", lambda c: c.update(num_attention_heads="4")),
        "no sensible integer",
    ),
    "another width": (rewrite("config.json", lambda c: c.update(hidden_size=512)), "numbers ask for"),
    "huge layers": (
        rewrite("config.json", lambda c: c.update(num_hidden_layers=2**32)),
        "no sensible integer",
    ),
    "epsilon infinite": (
        rewrite("config.json", lambda c: c.update(rms_norm_eps=1e300)),
        "no sensible number",
    ),
    "huge heads": (rewrite("config.json", lambda c: c.update(head_dim=2**31)), "claim a size of 2147483648"),
    "impossible rotations": (
        rewrite("config.json", lambda c: c.update(rope_parameters={"rope_type": "llama3", "factor": 0})),
        "impossible rotations",
    ),
    "rope a list": (rewrite("config.json", lambda c: c.update(rope_parameters=[1])), "malformed"),
    "index without a map": (put("model.safetensors.index.json", b"{}"), "does not say which file"),
    "index to a missing file": (index({"a": "model-9.safetensors"}), "is missing"),
    "index out of the folder": (index({"a": "../model.safetensors"}), "no plain safetensors name"),
    "index to a pickle": (index({"a": "pytorch_model.bin"}), "no plain safetensors name"),
    "index to an address": (index({"a": "file:model.safetensors"}), "no plain safetensors name"),
    "index through a link": (link_outside, "lies outside the folder"),
    "tokens beyond the model": (
        rewrite("tokenizer.json", lambda c: c["added_tokens"].append({"id": 9999, "content": "x"})),
        "numbers tokens beyond",
    ),
    "added tokens malformed": (
        rewrite("tokenizer.json", lambda c: c["added_tokens"].append({"id": "x"})),
        "malformed",
    ),
    "merges malformed": (
        rewrite("tokenizer.json", lambda c: c["model"].update(merges=[["a"]])),
        "list of merges is malformed",
    ),
}


@pytest.mark.parametrize(("spoil", "reason"), SPOILT.values(), ids=SPOILT.keys())
def test_a_spoilt_folder_is_refused_in_one_line(tmp_path, spoil, reason):
    folder = write_tiny_hf_folder(tmp_path / "hf")
    spoil(folder)

    with pytest.raises(UnreadableModel, match=reason) as refusal:
        SafetensorsFolder(folder)
    assert refusal.value.message.isprintable()
    assert len(refusal.value.message) <= 300


UNKNOWN = {
    "kind": ({"model_type": "mamba"}, "kind 'mamba' are not supported"),
    "quantized already": ({"quantization_config": {"quant_method": "gptq"}}, r"quantized already \(gptq\)"),
    "activation": ({"hidden_act": "relu"}, "activation 'relu'"),
    "positions": ({"rope_parameters": {"rope_type": "mrope"}}, "positions scaled in the way 'mrope'"),
}


@pytest.mark.parametrize(("config", "reason"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_is_not_known_yet_is_called_unsupported(tmp_path, config, reason):
    folder = write_tiny_hf_folder(tmp_path / "hf", config=config)

    with pytest.raises(UnsupportedModel, match=reason):
        SafetensorsFolder(folder)


@pytest.mark.parametrize(
    "config",
    [
        {"query_pre_attn_scalar": 100},
        {"use_bidirectional_attention": True},
        {"attn_logit_softcapping": 50.0},
        {"layer_types": ["full_attention", "sliding_attention"]},
        {"sliding_window_pattern": 4},
    ],
    ids=lambda config: next(iter(config)),
)
def test_a_gemma3_that_gguf_cannot_express_is_unsupported(tmp_path, config):
    folder = write_tiny_hf_folder(tmp_path / "hf", "gemma3", config=config)

    with pytest.raises(UnsupportedModel, match="gemma3 models"):
        SafetensorsFolder(folder)


def test_a_file_of_countless_small_values_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(json_files, "_MOST_VALUES", 1000)
    folder = write_tiny_hf_folder(tmp_path / "hf")
    put("tokenizer.json", b'{"a":[' + b"[]," * 1000 + b"[]]}")(folder)

    with pytest.raises(UnreadableModel, match="more than the 1000 values allowed"):
        SafetensorsFolder(folder)


def test_a_missing_part_is_told(tmp_path):
    folder = write_tiny_hf_folder(tmp_path / "hf", shards=3)
    remove("model.safetensors.index.json", "model-00002-of-00003.safetensors")(folder)

    with pytest.raises(UnreadableModel, match="only 2 of its 3 weight files"):
        SafetensorsFolder(folder)


def test_an_unknown_tensor_is_named(tmp_path):
    folder = write_tiny_hf_folder(tmp_path / "hf")
    weights = tiny_weights() | {"model.layers.0.mlp.router.weight": np.zeros((2, 2), np.float32)}
    write_safetensors(folder / "model.safetensors", weights)

    with pytest.raises(
        UnsupportedModel, match=r"model\.layers\.0\.mlp\.router\.weight is not known in llama"
    ):
        SafetensorsFolder(folder)


def test_heads_that_do_not_divide_the_rows_are_refused(tmp_path):
    folder = write_tiny_hf_folder(tmp_path / "hf", shape=Shape(n_heads=4, n_kv_heads=2))
    rewrite("config.json", lambda c: c.update(num_attention_heads=3, num_key_value_heads=3))(folder)

    with pytest.raises(UnreadableModel, match="cannot be shared out evenly among 3 heads"):
        SafetensorsFolder(folder)
