"""What a family's folder may say that GGUF's architecture of that name cannot: refused when it is opened."""

from __future__ import annotations

import contextlib
import json
import math
import shutil
from pathlib import Path

import pytest

from octavo.engine.checkpoint.hyperparameters import read_hyperparameters
from octavo.engine.checkpoint.model import Field
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.errors import UnreadableModel, UnsupportedModel

FAMILIES = Path(__file__).parents[2] / "data" / "families"
YARN = {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 64}
_WINDOW = {"use_sliding_window": True, "sliding_window": 64}
CASES = {
    "gemma: another base": (
        "gemma",
        {"rope_parameters": {"rope_theta": 5e4, "rope_type": "default"}},
        "base of their own",
    ),
    "gemma: scaled": ("gemma", {"rope_parameters": {"rope_theta": 1e4} | YARN}, "'yarn'"),
    "gemma2: no caps": ("gemma2", {"attn_logit_softcapping": None}, "without caps"),
    "gemma2: no window": ("gemma2", {"sliding_window": None}, "without a window"),
    "gemma2: another scale": ("gemma2", {"query_pre_attn_scalar": 31}, "attention scale"),
    "gemma2: another order": ("gemma2", {"layer_types": ["full_attention"] * 3}, "order of layers"),
    "gemma2: looks ahead": ("gemma2", {"use_bidirectional_attention": True}, "gemma2 models that look ahead"),
    "phi3: heads beyond the width": ("phi3", {"head_dim": 64}, "share their width"),
    "phi3: another share turns": ("phi3", {"num_attention_heads": 4}, "factors for long and for short texts"),
    "phi3: llama's scaling": ("phi3", {"rope_parameters": YARN | {"rope_type": "llama3"}}, "'llama3'"),
    "granite: scaled by nothing": ("granite", {"residual_multiplier": 0}, "scale by nothing"),
    "granite: narrow heads": ("granite", {"head_dim": 16}, "share their width"),
    "olmo3: another kind of layers": ("olmo3", {"layer_types": ["linear_attention"] * 4}, "kinds of layers"),
    "olmo3: no window": ("olmo3", {"sliding_window": None}, "without a window"),
    "olmo3: a stretched window": (
        "olmo3",
        {"rope_parameters": {"full_attention": {"rope_theta": 1e4}, "sliding_attention": YARN}},
        "within the window",
    ),
    "exaone4: another order": (
        "exaone4",
        {"layer_types": None, "sliding_window_pattern": 0},
        "order of layers",
    ),
    "ministral3: a window": ("ministral3", {"sliding_window": 64}, "with a window"),
    "ministral3: queries that stay": (
        "ministral3",
        {"rope_parameters": YARN | {"mscale": 1.0, "mscale_all_dim": 1.0}},
        "how queries grow",
    ),
    "ministral3: two scales": (
        "ministral3",
        {"rope_parameters": YARN | {"mscale": 0.7, "mscale_all_dim": 1.0}},
        "kind of yarn",
    ),
    "smollm3: another order": ("smollm3", {"no_rope_layers": [1, 1, 1, 1]}, "order of layers"),
    "smollm3: another period": (
        "smollm3",
        {"no_rope_layers": None, "no_rope_layer_interval": 3},
        "order of layers",
    ),
    "smollm3: a window": ("smollm3", {"use_sliding_window": True, "sliding_window": 64}, "with a window"),
    "qwen2: a window": (
        "qwen2",
        _WINDOW | {"layer_types": ["full_attention", "sliding_attention"]},
        "a window",
    ),
    "qwen3: a window": ("qwen3", _WINDOW | {"layer_types": None, "max_window_layers": 1}, "a window"),
    "qwen3_moe: a window": (
        "qwen3_moe",
        _WINDOW | {"layer_types": None, "max_window_layers": None},
        "a window",
    ),
    "yarn that does not truncate": ("llama", {"rope_parameters": YARN | {"truncate": False}}, "kind of yarn"),
    "yarn of two scales": (
        "llama",
        {"rope_parameters": YARN | {"mscale": 1.0, "mscale_all_dim": 0.8}},
        "kind of yarn",
    ),
    "an activation": ("olmo2", {"hidden_act": "relu"}, "activation 'relu'"),
}


@pytest.fixture
def changed(tmp_path):
    """Copy a tiny model and change its config.json."""

    def change(name, values):
        folder = tmp_path / name
        shutil.copytree(FAMILIES / name, folder)
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        (folder / "config.json").write_text(json.dumps(config | values), encoding="utf-8")
        return folder

    return change


@pytest.mark.parametrize("case", CASES)
def test_what_gguf_cannot_say_is_refused(case, changed):
    name, values, sentence = CASES[case]

    with pytest.raises(UnsupportedModel, match=sentence):
        open_checkpoint(changed(name, values))


@pytest.mark.parametrize("name", ["qwen2_5_vl", "qwen3_vl"])
def test_a_model_that_sees_says_how_positions_are_shared_out(name, changed):
    config = json.loads((FAMILIES / name / "config.json").read_text(encoding="utf-8"))
    rope = {"rope_type": "default", "rope_theta": 1e6}
    folder = changed(name, {"text_config": config["text_config"] | {"rope_parameters": rope}})

    with pytest.raises(UnsupportedModel, match="how positions are shared out"):
        open_checkpoint(folder)


@pytest.mark.parametrize(
    "values",
    [
        {"sliding_window": 64},
        {"use_sliding_window": True, "sliding_window": None},
        _WINDOW | {"sliding_window": 256},
        _WINDOW | {"layer_types": None, "max_window_layers": 2},
        _WINDOW | {"layer_types": ["full_attention"] * 2, "max_window_layers": 0},
    ],
)
def test_a_window_of_qwen_that_no_layer_uses_is_no_hindrance(values, changed):
    with contextlib.closing(open_checkpoint(changed("qwen2", values))) as model:
        assert model.hyperparameters.sliding_window == 0


def test_an_unknown_family_is_refused_with_the_list_of_those_known(changed):
    with pytest.raises(UnsupportedModel, match="of the kind 'mamba' are not supported yet") as caught:
        open_checkpoint(changed("llama", {"model_type": "mamba"}))

    assert "gemma2" in caught.value.hint
    assert "smollm3" in caught.value.hint
    assert "_text" not in caught.value.hint


def test_a_folder_that_does_not_name_its_family_is_refused_in_a_sentence(changed):
    with pytest.raises(UnreadableModel, match="does not say what kind of model it is"):
        open_checkpoint(changed("llama", {"model_type": ""}))


@pytest.mark.parametrize(("window", "expected"), [(None, 0), (64, 64), (256, 0)])
def test_mistral_has_a_window_only_where_it_is_shorter_than_the_context(changed, window, expected):
    model = open_checkpoint(changed("mistral", {"sliding_window": window}))
    model.close()

    assert model.hyperparameters.sliding_window == expected
    assert model.hyperparameters.is_local == (bool(expected),) * 2


def numbers_of(name, *, without=(), **more):
    """The numbers of a tiny model, with fields left out or added."""
    model = open_checkpoint(FAMILIES / name)
    model.close()
    added = {f"{name}.{key.replace('__', '.')}": value for key, value in more.items()}
    fields = {key: each for key, each in model.fields.items() if key.partition(".")[2] not in without}
    return read_hyperparameters(model.path, fields | added, model.tensors)


def test_gemma2_without_numbers_has_those_of_the_real_one():
    left_out = ("attn_logit_softcapping", "final_logit_softcapping", "attention.sliding_window")
    numbers = numbers_of("gemma2", without=left_out)

    assert (numbers.attention_soft_cap, numbers.final_soft_cap, numbers.sliding_window) == (50, 30, 4096)
    assert numbers.is_local == (True, False, True)


@pytest.mark.parametrize("pattern", [4, "LLLG"])
def test_exaone4_may_say_the_order_of_its_layers_in_short(pattern, changed):
    folder = changed("exaone4", {"layer_types": None, "sliding_window_pattern": pattern})
    with contextlib.closing(open_checkpoint(folder)) as model:
        assert model.hyperparameters.is_local == (True, True, True, False)


def pattern(values, kind="bool"):
    return numbers_of("gemma3", attention__sliding_window_pattern=Field("array", values, kind))


def test_a_pattern_may_say_of_each_layer_whether_it_has_the_window():
    assert pattern([False, True] * 3).is_local == (False, True) * 3


@pytest.mark.parametrize(
    ("values", "kind", "reason"),
    [([True] * 5, "bool", "one truth value for each of 6 layers"), ([1] * 6, "int32", "truth values")],
)
def test_a_pattern_that_does_not_fit_the_layers_is_refused(values, kind, reason):
    with pytest.raises(UnreadableModel, match=reason):
        pattern(values, kind)


def test_an_olmo2_with_a_window_is_an_olmo3_that_sees_everything_in_every_fourth_layer():
    numbers = numbers_of("olmo2", attention__sliding_window=Field("uint32", 4096))

    assert (numbers.sliding_window, numbers.is_local) == (4096, (True, True))
    assert numbers.rope_base_local == numbers.rope_base


def test_yarn_is_read_with_all_its_numbers():
    model = open_checkpoint(FAMILIES / "llama-yarn")
    model.close()
    numbers = model.hyperparameters

    assert (numbers.rope_fast_turns, numbers.rope_slow_turns, numbers.rope_original_context) == (4, 0.5, 32)
    assert numbers.rope_magnitude == pytest.approx(0.1 * math.log(4) + 1)


@pytest.mark.parametrize("magnitude", [0.5, 1.0, 1.5])
def test_a_magnitude_that_yarn_is_given_counts_for_llama_cpp_too(magnitude, changed):
    rope = YARN | {"attention_factor": magnitude}
    model = open_checkpoint(changed("llama", {"rope_parameters": rope}))
    model.close()

    assert model.hyperparameters.rope_magnitude == pytest.approx(magnitude)
    usual = 0.1 * math.log(4) + 1
    assert model.fields["llama.rope.scaling.attn_factor"].value == pytest.approx(magnitude / usual)


def test_the_usual_magnitude_of_yarn_is_said_as_llama_cpp_says_it(changed):
    usual = 0.1 * math.log(4) + 1
    model = open_checkpoint(changed("llama", {"rope_parameters": YARN | {"attention_factor": usual}}))
    model.close()

    assert model.fields["llama.rope.scaling.yarn_attn_factor"].value == pytest.approx(usual)
    assert model.hyperparameters.rope_magnitude == pytest.approx(usual)


def test_a_multiplier_of_yarn_that_nobody_uses_is_passed_over():
    told = {"rope__scaling__yarn_attn_factor": Field("float32", 0.8782488)}  # DeepSeek-R1-0528-Qwen3-8B
    plain, yarn = (numbers_of(name, **more) for name, more in (("llama", {}), ("llama", told)))
    assert plain == yarn  # without yarn it means nothing

    stretched = {
        "rope__scaling__type": Field("string", "yarn"),
        "rope__scaling__factor": Field("float32", 4.0),
    }
    assert numbers_of("llama", **stretched, **told).rope_magnitude == pytest.approx(0.1 * math.log(4) + 1)
