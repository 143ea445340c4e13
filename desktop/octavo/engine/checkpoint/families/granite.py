"""Granite 3: a Llama whose embeddings, attention, branches and logits are each scaled by a number of the model's."""

from __future__ import annotations

from octavo.engine.checkpoint.families.family import LAYER, SILU, Family, Fields, refuse
from octavo.engine.checkpoint.families.llama import LLAMA_SCALINGS, llama_fields
from octavo.engine.checkpoint.field_values import float32_field
from octavo.engine.checkpoint.hf_config import Config, head_size

_SCALES = {
    "attention_multiplier": "attention.scale",
    "embedding_multiplier": "embedding_scale",
    "residual_multiplier": "residual_scale",
    "logits_scaling": "logit_scale",
}


def _check(config: Config) -> None:
    if head_size(config) * config.integer("num_attention_heads") != config.integer("hidden_size"):
        raise refuse(config, "granite models whose heads do not share their width")
    if any(not 0 < config.real(name) < 1e6 for name in _SCALES):
        raise refuse(config, "granite models that scale by nothing or less")


def _fields(config: Config, usual: Fields) -> Fields:
    scales = {f"granite.{key}": float32_field(config.real(name)) for name, key in _SCALES.items()}
    return llama_fields(config, usual) | scales


GRANITE = Family(
    "granite",
    LAYER,
    SILU,
    {
        "rms_norm_eps": 1e-6,
        "max_position_embeddings": 2048,
        "hidden_act": "silu",
        **dict.fromkeys(_SCALES, 1.0),
    },
    pairs_rows=True,
    scalings=LLAMA_SCALINGS,
    check=_check,
    fields=_fields,
    says_head_size=False,
    keeps_prefix_flag=True,
)
