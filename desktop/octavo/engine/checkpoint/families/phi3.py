"""Phi-3 and Phi-4-mini: fused matrices, part of a head turning, and factors for long texts as tensors."""

from __future__ import annotations

import math

from octavo.engine.checkpoint.families.family import PRE_NORMS, SILU, Family, Fields, count, in_order, refuse
from octavo.engine.checkpoint.field_values import float32_field
from octavo.engine.checkpoint.hf_config import Config, head_size, read_rope

_LAYER = PRE_NORMS | {
    "self_attn.qkv_proj": "attn_qkv",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_ORDER = (
    "rope.scaling.attn_factor",
    "context_length",
    "rope.scaling.original_context_length",
    "embedding_length",
    "feed_forward_length",
    "block_count",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.layer_norm_rms_epsilon",
    "rope.dimension_count",
    "rope.freq_base",
    "general.file_type",
    "attention.sliding_window",
)
LONG = ("longrope", "su", "yarn")  # The last two are what its first files call the first.


def _check(config: Config) -> None:
    rope = read_rope(config, 10000.0, 10000.0)
    if config.value("head_dim") is not None and config.integer("head_dim") != _head_size(config):
        raise refuse(config, "phi3 models whose heads do not share their width")
    if rope.kind in LONG:
        n_pairs = _turning(config) // 2
        sizes = {len(rope.lists.get(name, ())) for name in ("long_factor", "short_factor")}
        if sizes != {n_pairs}:
            raise refuse(config, f"phi3 models without {n_pairs} factors for long and for short texts")


def _head_size(config: Config) -> int:
    return config.integer("hidden_size") // max(1, config.integer("num_attention_heads"))


def _turning(config: Config) -> int:
    """Dimensions of a head that turn."""
    share = read_rope(config, 10000.0, 10000.0).number("partial_rotary_factor", 1.0)
    return int(share * config.integer("hidden_size")) // max(1, config.integer("num_attention_heads"))


def _fields(config: Config, usual: Fields) -> Fields:
    rope = read_rope(config, 10000.0, 10000.0)
    context = config.integer("max_position_embeddings")
    original = int(rope.number("original_max_position_embeddings", context))
    head_size(config)  # refuses what cannot be shared out
    fields = usual | {
        "phi3.rope.scaling.original_context_length": count(original),
        "phi3.rope.dimension_count": count(_turning(config)),
        "phi3.attention.sliding_window": count(config.integer("sliding_window", 0)),
    }
    if rope.kind in LONG:
        stretch = context / max(2, original)
        usual_factor = math.sqrt(1 + math.log(stretch) / math.log(max(2, original))) if stretch > 1 else 1.0
        factor = rope.number("attention_factor", usual_factor)
        fields["phi3.rope.scaling.attn_factor"] = float32_field(factor)
    return in_order(fields, _ORDER)


PHI3 = Family(
    "phi3",
    _LAYER,
    SILU,
    {
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 4096,
        "original_max_position_embeddings": 4096,
        "hidden_act": "silu",
    },
    scalings=("default", *LONG),
    check=_check,
    fields=_fields,
    says_head_size=False,
)
