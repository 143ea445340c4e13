"""The tiny models of ``tests/data/families``: one row each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """One model.

    Parameters
    ----------
    model, config : str
        Classes of transformers.
    numbers : dict
        What the configuration is made with.
    pre : str
        How its tokenizer cuts words; ``default`` for SentencePiece.
    centre : float
        What the weights of norms are near to.
    tokenizer_class : str
        What llama.cpp's converter is told.
    vision : dict
        What sees, beside the language model; empty for a model that only reads.
    """

    model: str
    config: str
    numbers: dict[str, Any]
    pre: str = "gpt-2"
    centre: float = 1.0
    tokenizer_class: str = "PreTrainedTokenizerFast"
    vision: dict[str, Any] = field(default_factory=dict)


_SHAPE = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 256,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": True,
}
_HEADS = {"head_dim": 32}
_WIDE = {"hidden_size": 64, "intermediate_size": 32}  # where heads must share the width
_MROPE = {"rope_theta": 1e6, "rope_type": "default"}
_VISION = {
    "depth": 1,
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_heads": 1,
    "patch_size": 2,
    "temporal_patch_size": 1,
    "in_channels": 1,
}
_EXPERTS = {"num_experts_per_tok": 2, "num_hidden_layers": 2}


def _llama(**rope: Any) -> Row:  # Any: JSON.
    numbers = _SHAPE | _HEADS | ({"rope_parameters": {"rope_theta": 10000.0} | rope} if rope else {})
    return Row("LlamaForCausalLM", "LlamaConfig", numbers, pre="llama-bpe")


ROWS = {
    "llama": _llama(),
    "llama-linear": _llama(rope_type="linear", factor=4.0),
    "llama-llama3": _llama(
        rope_type="llama3",
        factor=8.0,
        low_freq_factor=1.0,
        high_freq_factor=4.0,
        original_max_position_embeddings=32,
    ),
    "llama-yarn": _llama(
        rope_type="yarn", factor=4.0, original_max_position_embeddings=32, beta_fast=4.0, beta_slow=0.5
    ),
    "mistral": Row(
        "MistralForCausalLM",
        "MistralConfig",
        _SHAPE
        | _HEADS
        | {
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "sliding_window": 32,
            "tie_word_embeddings": False,
        },
        pre="default",
    ),
    "ministral3": Row(
        "Ministral3ForCausalLM",
        "Ministral3Config",
        _SHAPE
        | _HEADS
        | {
            "rope_parameters": {
                "rope_type": "yarn",
                "rope_theta": 1e6,
                "factor": 8.0,
                "original_max_position_embeddings": 32,
                "beta_fast": 32.0,
                "beta_slow": 1.0,
                "mscale": 1.0,
                "mscale_all_dim": 1.0,
                "llama_4_scaling_beta": 0.3,
            },
        },
    ),
    "mixtral": Row(
        "MixtralForCausalLM",
        "MixtralConfig",
        _SHAPE | _HEADS | _EXPERTS | {"num_local_experts": 8, "intermediate_size": 32},
        pre="llama-bpe",
    ),
    "qwen2": Row("Qwen2ForCausalLM", "Qwen2Config", _SHAPE | _WIDE, pre="qwen2"),
    "qwen3": Row("Qwen3ForCausalLM", "Qwen3Config", _SHAPE | _HEADS, pre="qwen2"),
    "qwen3_moe": Row(
        "Qwen3MoeForCausalLM",
        "Qwen3MoeConfig",
        _SHAPE | _HEADS | _EXPERTS | {"num_experts": 6, "moe_intermediate_size": 32, "norm_topk_prob": True},
        pre="qwen2",
    ),
    "qwen2_5_vl": Row(
        "Qwen2_5_VLForConditionalGeneration",
        "Qwen2_5_VLConfig",
        _SHAPE | _WIDE | {"rope_parameters": _MROPE | {"mrope_section": [6, 5, 5]}},
        pre="qwen2",
        vision=_VISION | {"out_hidden_size": 64, "fullatt_block_indexes": [0]},
    ),
    "qwen3_vl": Row(
        "Qwen3VLForConditionalGeneration",
        "Qwen3VLConfig",
        _SHAPE
        | _HEADS
        | {"rope_parameters": _MROPE | {"mrope_section": [6, 5, 5], "mrope_interleaved": True}},
        pre="qwen2",
        vision=_VISION
        | {"out_hidden_size": 32, "deepstack_visual_indexes": [0], "num_position_embeddings": 4},
    ),
    "gemma": Row("GemmaForCausalLM", "GemmaConfig", _SHAPE | _HEADS, pre="default", centre=0.0),
    "gemma2": Row(
        "Gemma2ForCausalLM",
        "Gemma2Config",
        _SHAPE
        | _HEADS
        | {
            "num_hidden_layers": 3,
            "sliding_window": 32,
            "query_pre_attn_scalar": 32,
            "attn_logit_softcapping": 2.0,
            "final_logit_softcapping": 5.0,
        },
        pre="default",
        centre=0.0,
    ),
    "gemma3": Row(
        "Gemma3ForCausalLM",
        "Gemma3TextConfig",
        _SHAPE
        | _HEADS
        | {
            "num_hidden_layers": 6,
            "intermediate_size": 32,
            "sliding_window": 32,
            "query_pre_attn_scalar": 32,
        },
        pre="default",
        centre=0.0,
    ),
    "phi3": Row(
        "Phi3ForCausalLM",
        "Phi3Config",
        _SHAPE
        | _WIDE
        | {
            "tie_word_embeddings": False,
            "original_max_position_embeddings": 32,
            "sliding_window": 48,
            "rope_parameters": {
                "rope_type": "longrope",
                "rope_theta": 10000.0,
                "partial_rotary_factor": 0.75,
                "original_max_position_embeddings": 32,
                "short_factor": [1.0 + 0.02 * n for n in range(12)],
                "long_factor": [1.0 + 0.4 * n for n in range(12)],
            },
        },
        pre="default",
        tokenizer_class="LlamaTokenizer",
    ),
    "olmo2": Row("Olmo2ForCausalLM", "Olmo2Config", _SHAPE | _WIDE | {"tie_word_embeddings": False}),
    "olmo3": Row(
        "Olmo3ForCausalLM",
        "Olmo3Config",
        _SHAPE
        | _WIDE
        | {
            "num_hidden_layers": 4,
            "tie_word_embeddings": False,
            "sliding_window": 32,
            "rope_parameters": {
                "full_attention": {
                    "rope_type": "yarn",
                    "rope_theta": 5e5,
                    "factor": 8.0,
                    "original_max_position_embeddings": 32,
                },
                "sliding_attention": {"rope_type": "default", "rope_theta": 5e5},
            },
        },
    ),
    "granite": Row(
        "GraniteForCausalLM",
        "GraniteConfig",
        _SHAPE
        | _WIDE
        | {
            "attention_multiplier": 0.125,
            "embedding_multiplier": 3.0,
            "residual_multiplier": 0.25,
            "logits_scaling": 4.0,
        },
    ),
    "ernie4_5": Row(
        "Ernie4_5ForCausalLM",
        "Ernie4_5Config",
        _SHAPE | _HEADS,
        pre="default",
        tokenizer_class="LlamaTokenizer",
    ),
    "exaone4": Row(
        "Exaone4ForCausalLM",
        "Exaone4Config",
        _SHAPE
        | _WIDE
        | {
            "num_hidden_layers": 4,
            "sliding_window": 32,
            "sliding_window_pattern": "LLLG",
            "tie_word_embeddings": False,
            "layer_types": ["sliding_attention"] * 3 + ["full_attention"],
        },
    ),
    "exaone4-small": Row(
        "Exaone4ForCausalLM",
        "Exaone4Config",
        _SHAPE
        | _WIDE
        | {
            "sliding_window": None,
            "layer_types": ["full_attention"] * 2,
            "rope_parameters": {
                "rope_theta": 1e6,
                "rope_type": "llama3",
                "factor": 16.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 32,
            },
        },
    ),
    "smollm3": Row(
        "SmolLM3ForCausalLM",
        "SmolLM3Config",
        _SHAPE | _WIDE | {"num_hidden_layers": 4},
        pre="llama-bpe",
    ),
}
