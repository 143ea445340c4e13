"""Gemma 1, 2 and 3: norms add 1 to their weights; the second caps what it computes, and both have windows."""

from __future__ import annotations

from octavo.engine.checkpoint.families.family import (
    ATTENTION,
    FEED_FORWARD,
    GELU,
    HEAD_NORMS,
    LAYER,
    Family,
    Fields,
    count,
    in_order,
    refuse,
)
from octavo.engine.checkpoint.field_values import float32_field
from octavo.engine.checkpoint.hf_config import Config, head_size, read_rope

_GEMMA3_PERIOD = 6
_WIDTH_PER_HEAD = {"gemma2": 46, "gemma3": 62}  # layers of the 27B models, which scale attention otherwise
_FOUR_NORMS = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
}
_ORDER = (
    "context_length",
    "embedding_length",
    "block_count",
    "feed_forward_length",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.layer_norm_rms_epsilon",
    "attention.key_length",
    "attention.value_length",
    "general.file_type",
)
_DEFAULTS = {
    "rms_norm_eps": 1e-6,
    "max_position_embeddings": 8192,
    "head_dim": 256,
    "hidden_act": "gelu_pytorch_tanh",
    "tie_word_embeddings": True,
}


def _check(config: Config) -> None:
    """What holds for all three; the first two say nothing of rotation in GGUF, so only the usual one can be said."""
    if config.flag("use_bidirectional_attention"):
        kind = config.text("model_type").removesuffix("_text")
        raise refuse(config, f"{kind} models that look ahead (embedding models)")
    if config.text("model_type") in ("gemma", "gemma2") and read_rope(config, 1e4, 1e4).base != 1e4:
        raise refuse(config, "gemma models that rotate with a base of their own")


def _check_gemma2(config: Config) -> None:
    _check(config)
    for cap in ("attn_logit_softcapping", "final_logit_softcapping"):
        if config.is_null(cap) or config.real(cap) <= 0:
            raise refuse(config, "gemma2 models without caps")
    _check_scale(config, "gemma2")
    if config.is_null("sliding_window"):
        raise refuse(config, "gemma2 models without a window")
    _check_layers(config, "gemma2", 2)


def _check_gemma3(config: Config) -> None:
    _check(config)
    if config.value("attn_logit_softcapping") is not None:
        raise refuse(config, "capped attention in gemma3 models")
    _check_scale(config, "gemma3")
    _check_layers(config, "gemma3", _GEMMA3_PERIOD)
    if config.value("sliding_window_pattern") not in (None, 1, _GEMMA3_PERIOD):
        raise refuse(config, "gemma3 models with this order of layers")


def _check_scale(config: Config, name: str) -> None:
    size, n_heads = head_size(config), config.integer("num_attention_heads")
    is_largest = config.integer("num_hidden_layers") == _WIDTH_PER_HEAD[name]
    if config.real("query_pre_attn_scalar") != (
        config.integer("hidden_size") / n_heads if is_largest else size
    ):
        raise refuse(config, f"{name} models with this attention scale")


def _check_layers(config: Config, name: str, period: int) -> None:
    kinds = config.value("layer_types")
    n_layers = min(config.integer("num_hidden_layers"), 1 << 16)
    if isinstance(kinds, list) and [each == "sliding_attention" for each in kinds] != [
        layer % period < period - 1 for layer in range(n_layers)
    ]:
        raise refuse(config, f"{name} models with this order of layers")


def _ordered(config: Config, usual: Fields) -> Fields:
    return in_order(usual, _ORDER)


def _gemma2_fields(config: Config, usual: Fields) -> Fields:
    return in_order(usual, _ORDER) | {
        "gemma2.attn_logit_softcapping": float32_field(config.real("attn_logit_softcapping")),
        "gemma2.final_logit_softcapping": float32_field(config.real("final_logit_softcapping")),
        "gemma2.attention.sliding_window": count(config.integer("sliding_window")),
    }


def _gemma3_fields(config: Config, usual: Fields) -> Fields:
    fields = dict(usual)
    if config.value("final_logit_softcapping"):
        fields["gemma3.final_logit_softcapping"] = float32_field(config.real("final_logit_softcapping"))
    if config.value("sliding_window_pattern") != 1:
        fields["gemma3.attention.sliding_window"] = count(config.integer("sliding_window"))
    return fields


GEMMA = Family(
    "gemma",
    LAYER,
    (*GELU, "gelu"),  # Its first files say gelu and mean the approximation (transformers PR 29402).
    _DEFAULTS | {"num_attention_heads": 16, "num_key_value_heads": 16},
    norm_shift=1.0,
    scalings=("default",),
    check=_check,
    fields=_ordered,
    tokens={"eot": 107},
    is_always_tied=True,
)
GEMMA2 = Family(
    "gemma2",
    ATTENTION | FEED_FORWARD | _FOUR_NORMS,
    GELU,
    _DEFAULTS
    | {
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "query_pre_attn_scalar": 256,
        "sliding_window": 4096,
        "attn_logit_softcapping": 50.0,
        "final_logit_softcapping": 30.0,
    },
    norm_shift=1.0,
    scalings=("default",),
    check=_check_gemma2,
    fields=_gemma2_fields,
    is_always_tied=True,
)
GEMMA3 = Family(
    "gemma3",
    ATTENTION | FEED_FORWARD | _FOUR_NORMS | HEAD_NORMS,
    GELU,
    _DEFAULTS
    | {
        "max_position_embeddings": 131072,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "query_pre_attn_scalar": 256,
        "sliding_window": 4096,
    },
    norm_shift=1.0,
    rope_base=1e6,
    check=_check_gemma3,
    fields=_gemma3_fields,
)
