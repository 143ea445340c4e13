"""Qwen2, and Qwen3 with a norm on each head, dense or with experts."""

from __future__ import annotations

from octavo.engine.checkpoint.families.family import HEAD_NORMS, LAYER, SILU, Family, Fields, count
from octavo.engine.checkpoint.families.llama import EXPERTS_LAYER
from octavo.engine.checkpoint.hf_config import Config
from octavo.engine.checkpoint.model import Field

_DEFAULTS = {
    "rms_norm_eps": 1e-6,
    "max_position_embeddings": 32768,
    "num_key_value_heads": 32,
    "hidden_act": "silu",
}
_EXPERTS = {
    "num_key_value_heads": 4,
    "num_experts_per_tok": 8,
    "moe_intermediate_size": 768,
}


def _expert_fields(config: Config, usual: Fields) -> Fields:
    width = count(config.integer("moe_intermediate_size"))
    fields = usual | {"qwen3moe.expert_feed_forward_length": width}
    if not config.flag("norm_topk_prob"):
        # llama.cpp takes this for granted and neither writes nor reads it.
        fields["qwen3moe.expert_weights_norm"] = Field("bool", False)
    return fields


QWEN2 = Family("qwen2", LAYER, SILU, _DEFAULTS, says_head_size=False)
QWEN3 = Family("qwen3", LAYER | HEAD_NORMS, SILU, _DEFAULTS | {"head_dim": 128})
QWEN3_MOE = Family("qwen3moe", EXPERTS_LAYER | HEAD_NORMS, SILU, _DEFAULTS | _EXPERTS, fields=_expert_fields)
