"""Ministral 3: a Llama whose queries grow with the position, so that long texts stay in sight."""

from __future__ import annotations

from octavo.engine.checkpoint.families.family import LAYER, SILU, Family, Fields, refuse
from octavo.engine.checkpoint.families.llama import llama_fields
from octavo.engine.checkpoint.field_values import float32_field
from octavo.engine.checkpoint.hf_config import Config, read_rope

_BASE = 1e6


def _check(config: Config) -> None:
    rope = read_rope(config, _BASE, _BASE)
    if rope.number("mscale", 1.0) != 1 or "mscale_all_dim" not in rope.numbers:
        raise refuse(config, "this kind of yarn scaling")
    if "llama_4_scaling_beta" not in rope.numbers:
        raise refuse(config, "ministral3 models that do not say how queries grow")
    if not config.is_null("sliding_window") and config.value("sliding_window"):
        raise refuse(config, "ministral3 models with a window")


def _fields(config: Config, usual: Fields) -> Fields:
    rope = read_rope(config, _BASE, _BASE)
    return llama_fields(config, usual) | {
        "mistral3.rope.scaling.yarn_log_multiplier": float32_field(rope.numbers["mscale_all_dim"]),
        "mistral3.attention.temperature_scale": float32_field(rope.numbers["llama_4_scaling_beta"]),
    }


MINISTRAL3 = Family(
    "mistral3",
    LAYER,
    SILU,
    {
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 262144,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "hidden_act": "silu",
    },
    pairs_rows=True,
    rope_base=_BASE,
    scalings=("yarn",),
    check=_check,
    fields=_fields,
    keeps_prefix_flag=True,
)
