"""Qwen2, and Qwen3 with a norm on each head, dense or with experts; and the language models of those that see.

Pictures are parts of other files. Positions of text in the VL models are the same in each of their sections, so they
turn as in the models that only read.
"""

from __future__ import annotations

from octavo.engine.checkpoint.families.family import HEAD_NORMS, LAYER, SILU, Family, Fields, count, refuse
from octavo.engine.checkpoint.families.llama import EXPERTS_LAYER
from octavo.engine.checkpoint.hf_config import Config, read_rope
from octavo.engine.checkpoint.model import Field

_DEFAULTS = {
    "rms_norm_eps": 1e-6,
    "max_position_embeddings": 32768,
    "num_key_value_heads": 32,
    "hidden_act": "silu",
    "sliding_window": 4096,
    "max_window_layers": 28,
}
_SEEING_SCALINGS = ("default", "mrope", "linear", "yarn")
_EXPERTS = {
    "num_key_value_heads": 4,
    "num_experts_per_tok": 8,
    "moe_intermediate_size": 768,
    "max_window_layers": 0,  # all of its layers have the window, where there is one
}


def _check(config: Config) -> None:
    """The window is off in all that Qwen has published, and no GGUF of these architectures tells of one."""
    if not config.flag("use_sliding_window") or config.is_null("sliding_window"):
        return
    kinds = config.value("layer_types")
    has_local = (
        "sliding_attention" in kinds
        if isinstance(kinds, list)
        else config.integer("max_window_layers") < config.integer("num_hidden_layers")
    )
    if has_local and config.integer("sliding_window") < config.integer("max_position_embeddings"):
        raise refuse(config, "qwen models with a window")


def _expert_fields(config: Config, usual: Fields) -> Fields:
    width = count(config.integer("moe_intermediate_size"))
    fields = usual | {"qwen3moe.expert_feed_forward_length": width}
    if not config.flag("norm_topk_prob"):
        # llama.cpp takes this for granted and neither writes nor reads it.
        fields["qwen3moe.expert_weights_norm"] = Field("bool", False)
    return fields


def _check_seeing(config: Config) -> None:
    _check(config)
    if "mrope_section" not in read_rope(config, 1e6, 1e4).lists:
        raise refuse(config, "qwen models for pictures that do not say how positions are shared out")


def _seeing_fields(config: Config, usual: Fields) -> Fields:
    vision = config.value("vision_config")
    layers = vision.get("deepstack_visual_indexes") if isinstance(vision, dict) else None
    return usual | {"qwen3vl.n_deepstack_layers": count(len(layers) if isinstance(layers, list) else 0)}


QWEN2 = Family("qwen2", LAYER, SILU, _DEFAULTS, check=_check, says_head_size=False)
QWEN3 = Family("qwen3", LAYER | HEAD_NORMS, SILU, _DEFAULTS | {"head_dim": 128}, check=_check)
QWEN3_MOE = Family(
    "qwen3moe",
    EXPERTS_LAYER | HEAD_NORMS,
    SILU,
    _DEFAULTS | _EXPERTS,
    check=_check,
    fields=_expert_fields,
)
QWEN2_VL = Family(
    "qwen2vl",
    LAYER,
    SILU,
    _DEFAULTS,
    scalings=_SEEING_SCALINGS,
    check=_check_seeing,
    says_head_size=False,
)
QWEN3_VL = Family(
    "qwen3vl",
    LAYER | HEAD_NORMS,
    SILU,
    _DEFAULTS | {"head_dim": 128},
    scalings=_SEEING_SCALINGS,
    check=_check_seeing,
    fields=_seeing_fields,
)
