"""OLMo 2: norms behind the branches alone, and over all heads of q and of k together; OLMo 3 adds a window."""

from __future__ import annotations

from octavo.engine.checkpoint.families.family import (
    ATTENTION,
    FEED_FORWARD,
    HEAD_NORMS,
    SILU,
    Family,
    Fields,
    count,
    refuse,
)
from octavo.engine.checkpoint.hf_config import Config, read_rope
from octavo.engine.checkpoint.model import Field

_PERIOD = 4  # of OLMo 3: one layer of so many sees everything
_BASE = 5e5
_LAYER = (
    ATTENTION
    | FEED_FORWARD
    | HEAD_NORMS
    | {
        "post_attention_layernorm": "post_attention_norm",
        "post_feedforward_layernorm": "post_ffw_norm",
    }
)


def _check_windowed(config: Config) -> None:
    kinds = config.value("layer_types")
    n_layers = config.integer("num_hidden_layers")
    if isinstance(kinds, list) and (
        len(kinds) != n_layers or not set(map(str, kinds)) <= {"sliding_attention", "full_attention"}
    ):
        raise refuse(config, "olmo3 models with these kinds of layers")
    if config.is_null("sliding_window") or not config.integer("sliding_window"):
        raise refuse(config, "olmo3 models without a window")
    if read_rope(config, _BASE, 0).local_kind != "default":
        raise refuse(config, "olmo3 models that scale positions within the window")


def _windowed_fields(config: Config, usual: Fields) -> Fields:
    kinds = config.value("layer_types")
    n_layers = min(config.integer("num_hidden_layers"), 1 << 16)
    is_local = (
        [each == "sliding_attention" for each in kinds]
        if isinstance(kinds, list)
        else [(layer + 1) % _PERIOD != 0 for layer in range(n_layers)]
    )
    return usual | {
        "olmo2.attention.sliding_window": count(config.integer("sliding_window")),
        "olmo2.attention.sliding_window_pattern": Field("array", is_local, "bool"),
    }


OLMO2 = Family(
    "olmo2",
    _LAYER,
    SILU,
    {"rms_norm_eps": 1e-5, "max_position_embeddings": 2048, "hidden_act": "silu"},
    says_head_size=False,
)
OLMO3 = Family(
    "olmo2",
    _LAYER,
    SILU,
    {
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 2048,
        "hidden_act": "silu",
        "sliding_window": 4096,
    },
    rope_base=_BASE,
    rope_base_local=0,
    check=_check_windowed,
    fields=_windowed_fields,
    says_head_size=False,
)
