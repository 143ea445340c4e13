from __future__ import annotations

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf
from tests.fixtures.tiny_models import Shape

from octavo.engine.checkpoint.gguf_reader import GgufCheckpoint
from octavo.engine.checkpoint.hyperparameters import ARCHITECTURES
from octavo.engine.errors import OctavoError, UnreadableModel, UnsupportedModel


def opened(folder, family="llama", **options):
    return GgufCheckpoint(write_tiny_gguf(folder / "m.gguf", family, **options)).hyperparameters


def test_gemma3_looks_everywhere_in_every_sixth_layer(tmp_path):
    model = opened(
        tmp_path, "gemma3", shape=Shape(n_layers=7, n_embedding=32, n_feed_forward=32, head_size=32)
    )

    assert model.is_local == (True, True, True, True, True, False, True)
    assert model.sliding_window == 16
    assert model.rope_base == 1e6
    assert model.rope_base_local == 1e4
    assert model.attention_scale == pytest.approx(32**-0.5)


def test_gemma3_without_a_window_looks_everywhere(tmp_path):
    model = opened(tmp_path, "gemma3", without=("gemma3.attention.sliding_window",))

    assert model.is_local == (False, False)


def test_sizes_that_are_not_said_follow_from_the_width(tmp_path):
    model = opened(tmp_path, without=("llama.attention.key_length", "llama.attention.value_length"))

    assert (model.key_size, model.value_size, model.rope_dimensions) == (64, 64, 64)


def test_scaled_positions_are_read(tmp_path):
    model = opened(
        tmp_path,
        fields={
            "llama.rope.scaling.type": "yarn",
            "llama.rope.scaling.factor": 4.0,
            "llama.rope.scaling.original_context_length": 128,
        },
    )

    assert (model.rope_scaling, model.rope_scaling_factor, model.rope_original_context) == ("yarn", 4.0, 128)


@pytest.mark.parametrize("kind", ["falcon", "../../etc/passwd", "os.system"])
def test_an_unknown_architecture_is_told_with_those_known(tmp_path, kind):
    path = write_tiny_gguf(tmp_path / "m.gguf", fields={"general.architecture": kind})

    with pytest.raises(UnsupportedModel) as refusal:
        GgufCheckpoint(path)
    assert kind in refusal.value.message
    assert refusal.value.hint == f"Supported are {', '.join(ARCHITECTURES)}."


@pytest.mark.parametrize(
    ("family", "fields"),
    [("qwen2", {"qwen2.expert_count": 8}), ("llama", {"llama.rope.scaling.type": "longrope"})],
    ids=["experts", "longrope"],
)
def test_what_is_not_known_yet_is_called_unsupported(tmp_path, family, fields):
    with pytest.raises(UnsupportedModel, match="not supported yet"):
        opened(tmp_path, family, fields=fields)


WRONG = {
    "no layers": ({"llama.block_count": 0}, "its llama.block_count is no integer from 1 to 1024."),
    "too many layers": ({"llama.block_count": 1025}, "its llama.block_count is no integer from 1 to 1024."),
    "more layers than there are": ({"llama.block_count": 3}, "the tensor blk.2.attn_norm.weight is missing."),
    "layers no integer": ({"llama.block_count": "2"}, "its llama.block_count is no integer from 1 to 1024."),
    "layers as a float": ({"llama.block_count": 2.0}, "its llama.block_count is no integer from 1 to 1024."),
    "heads that do not share": (
        {"llama.attention.head_count_kv": 3},
        "its attention heads cannot be shared out evenly among its key-value heads.",
    ),
    "no heads": (
        {"llama.attention.head_count": 0},
        "its llama.attention.head_count is no integer from 1 to 65536.",
    ),
    "huge heads": (
        {"llama.attention.head_count": 2**32 - 1},
        "its llama.attention.head_count is no integer from 1 to 65536.",
    ),
    "another width": (
        {"llama.embedding_length": 128},
        "the tensor token_embd.weight is 302 x 256, but the model's numbers ask for 302 x 128.",
    ),
    "another feed-forward": (
        {"llama.feed_forward_length": 256},
        "the tensor blk.0.ffn_gate.weight is 512 x 256, but the model's numbers ask for 256 x 256.",
    ),
    "another head size": (
        {"llama.attention.key_length": 32},
        "the tensor blk.0.attn_q.weight is 256 x 256, but the model's numbers ask for 128 x 256.",
    ),
    "epsilon zero": (
        {"llama.attention.layer_norm_rms_epsilon": 0.0},
        "its llama.attention.layer_norm_rms_epsilon is no number from 1e-30 to 0.999.",
    ),
    "epsilon one": (
        {"llama.attention.layer_norm_rms_epsilon": 1.0},
        "its llama.attention.layer_norm_rms_epsilon is no number from 1e-30 to 0.999.",
    ),
    "epsilon not a number": (
        {"llama.attention.layer_norm_rms_epsilon": float("nan")},
        "its llama.attention.layer_norm_rms_epsilon is no number from 1e-30 to 0.999.",
    ),
    "infinite base": (
        {"llama.rope.freq_base": float("inf")},
        "its llama.rope.freq_base is no number from 1 to 1e+12.",
    ),
    "negative base": (
        {"llama.rope.freq_base": -1.0},
        "its llama.rope.freq_base is no number from 1 to 1e+12.",
    ),
    "odd rotation": (
        {"llama.rope.dimension_count": 63},
        "it rotates 63 of 64 dimensions, which is odd or too many.",
    ),
    "rotation beyond the head": (
        {"llama.rope.dimension_count": 128},
        "it rotates 128 of 64 dimensions, which is odd or too many.",
    ),
    "no context": (
        {"llama.context_length": 0},
        "its llama.context_length is no integer from 1 to 2147483648.",
    ),
    "template no text": ({"tokenizer.chat_template": 7}, "its tokenizer.chat_template is no text."),
    "end token beyond the vocabulary": (
        {"tokenizer.ggml.eos_token_id": 302},
        "its tokenizer.ggml.eos_token_id is no integer from 0 to 301.",
    ),
    "flag no flag": (
        {"tokenizer.ggml.add_bos_token": 1},
        "its tokenizer.ggml.add_bos_token is neither true nor false.",
    ),
    "name of the tokenizer no text": ({"tokenizer.ggml.model": 1}, "its tokenizer.ggml.model is no text."),
}


@pytest.mark.parametrize(("fields", "reason"), WRONG.values(), ids=WRONG.keys())
def test_numbers_that_cannot_be_are_refused_by_name(tmp_path, fields, reason):
    with pytest.raises(UnreadableModel) as refusal:
        opened(tmp_path, fields=fields)
    assert refusal.value.message == f"m.gguf: {reason}"


@pytest.mark.parametrize(
    "name", ["llama.block_count", "llama.context_length", "blk.1.ffn_up.weight", "token_embd.weight"]
)
def test_what_is_missing_is_named(tmp_path, name):
    with pytest.raises(OctavoError) as refusal:
        opened(tmp_path, without=(name,))
    assert name in refusal.value.message or "token embeddings" in refusal.value.message
