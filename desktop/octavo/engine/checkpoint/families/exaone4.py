"""EXAONE 4: norms behind the branches and on each head; the larger has a window, and turns nothing outside of it."""

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
from octavo.engine.checkpoint.families.llama import LLAMA_SCALINGS
from octavo.engine.checkpoint.hf_config import Config
from octavo.engine.checkpoint.model import Field


def _local_layers(config: Config) -> list[bool]:
    """Which layers have the window; empty where the file says it in no way that is known."""
    kinds, pattern = config.value("layer_types"), config.value("sliding_window_pattern")
    n_layers = min(config.integer("num_hidden_layers"), 1 << 16)
    if isinstance(kinds, list):
        return [each == "sliding_attention" for each in kinds] if len(kinds) == n_layers else []
    if isinstance(pattern, str) and pattern:
        return [pattern[layer % len(pattern)] == "L" for layer in range(n_layers)]
    if type(pattern) is int and pattern > 0:
        return [(layer + 1) % pattern != 0 for layer in range(n_layers)]
    return []


def _has_window(config: Config) -> bool:
    return not config.is_null("sliding_window") and config.integer("sliding_window") > 0


def _check(config: Config) -> None:
    if _has_window(config) and not _local_layers(config):
        raise refuse(config, "exaone4 models with this order of layers")


def _fields(config: Config, usual: Fields) -> Fields:
    fields = usual | {"exaone4.vocab_size": count(config.integer("vocab_size"))}
    if _has_window(config):
        fields["exaone4.attention.sliding_window"] = count(config.integer("sliding_window"))
        fields["exaone4.attention.sliding_window_pattern"] = Field("array", _local_layers(config), "bool")
    return fields


EXAONE4 = Family(
    "exaone4",
    ATTENTION
    | FEED_FORWARD
    | HEAD_NORMS
    | {
        "post_attention_layernorm": "post_attention_norm",
        "post_feedforward_layernorm": "post_ffw_norm",
    },
    SILU,
    {
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 2048,
        "hidden_act": "silu",
        "sliding_window": 4096,
        "sliding_window_pattern": 4,
    },
    scalings=LLAMA_SCALINGS,
    check=_check,
    fields=_fields,
    says_head_size=False,
)
