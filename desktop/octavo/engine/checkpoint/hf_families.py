"""Families of Hugging Face models: the GGUF names of their tensors, and what differs in their weights.

Names and differences are those of llama.cpp's ``convert_hf_to_gguf`` (gguf-py's ``tensor_mapping.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from octavo.engine.checkpoint.hf_config import Config
from octavo.engine.checkpoint.refusals import shown, unsupported

_MODEL = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
_LAYER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
# Which of these a family has is checked by ``needed_tensors.py``; its experts are read by ``hf_experts.py``.
_EXPERTS_LAYER = _LAYER | {"mlp.gate": "ffn_gate_inp", "block_sparse_moe.gate": "ffn_gate_inp"}
_GEMMA3_LAYER = _LAYER | {
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
}
# A multimodal model holds these beside the language model; "self_attn.rotary_emb" is computed anyway.
_LEFT_OUT = ("vision_tower.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector.")
_IN_LAYER = re.compile(r"model\.layers\.(0|[1-9][0-9]{0,3})\.(.+)")
_SILU = ("silu", "swish")


@dataclass(frozen=True)
class Family:
    """One architecture as transformers knows it.

    Parameters
    ----------
    architecture : str
        GGUF's name.
    layer_names : mapping of str to str
        Parts of a layer: Hugging Face's name to GGUF's.
    pairs_rows : bool
        Whether rows of q and k are reordered so that the two numbers rotated together are neighbours.
    norm_shift : float
        What the family's norms add to their weights.
    activations : tuple of str
    defaults : mapping
        Values of config.json that its configuration class assumes.
    rope_base, rope_base_local : float
    """

    architecture: str
    layer_names: Mapping[str, str]
    activations: tuple[str, ...]
    defaults: Mapping[str, Any]
    pairs_rows: bool = False
    norm_shift: float = 0.0
    rope_base: float = 10000.0
    rope_base_local: float = 10000.0

    @property
    def has_experts(self) -> bool:
        """Whether its layers choose among several feed-forward networks."""
        return "ffn_gate_inp" in self.layer_names.values()


_LLAMA = Family(
    "llama",
    _LAYER,
    _SILU,
    {"rms_norm_eps": 1e-6, "max_position_embeddings": 2048, "hidden_act": "silu"},
    pairs_rows=True,
)
_QWEN = {
    "rms_norm_eps": 1e-6,
    "max_position_embeddings": 32768,
    "num_key_value_heads": 32,
    "hidden_act": "silu",
}
_GEMMA3 = Family(
    "gemma3",
    _GEMMA3_LAYER,
    ("gelu_pytorch_tanh",),
    {
        "rms_norm_eps": 1e-6,
        "max_position_embeddings": 131072,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "query_pre_attn_scalar": 256,
        "sliding_window": 4096,
        "hidden_act": "gelu_pytorch_tanh",
        "tie_word_embeddings": True,
    },
    norm_shift=1.0,
    rope_base=1e6,
)
_MIXTRAL = Family(
    "llama",
    _EXPERTS_LAYER,
    _SILU,
    {
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 131072,
        "num_key_value_heads": 8,
        "num_local_experts": 8,
        "num_experts_per_tok": 2,
        "hidden_act": "silu",
    },
    pairs_rows=True,
    rope_base=1e6,
)
_QWEN3_EXPERTS = {
    "num_key_value_heads": 4,
    "num_experts_per_tok": 8,
    "moe_intermediate_size": 768,
}
_FAMILIES = {
    "llama": _LLAMA,
    "mistral": _LLAMA,
    "mixtral": _MIXTRAL,
    "qwen2": Family("qwen2", _LAYER, _SILU, _QWEN),
    "qwen3": Family("qwen3", _LAYER, _SILU, _QWEN | {"head_dim": 128}),
    "qwen3_moe": Family("qwen3moe", _EXPERTS_LAYER, _SILU, _QWEN | _QWEN3_EXPERTS),
    "gemma3": _GEMMA3,
    "gemma3_text": _GEMMA3,
}


def family_of(config: Config) -> Family:
    """The family that ``model_type`` of config.json names."""
    kind = config.text("model_type")
    family = _FAMILIES.get(kind)
    if family is None:
        known = ", ".join(sorted({each.architecture for each in _FAMILIES.values()}))
        raise unsupported(
            config.path.parent,
            f"models of the kind '{shown(kind)}' are not supported yet.",
            f"Supported are {known}.",
        )
    return family


def gguf_name(family: Family, name: str) -> str | None:
    """GGUF's name of a tensor: empty for one that is left out, None for one that is not known."""
    if name.startswith(_LEFT_OUT) or name.endswith(".rotary_emb.inv_freq"):
        return ""
    stem, dot, suffix = name.replace("language_model.", "", 1).rpartition(".")
    if stem.startswith("model.model."):
        stem = stem.removeprefix("model.")
    if suffix not in ("weight", "bias") or not dot:
        return None
    if stem in _MODEL:
        return f"{_MODEL[stem]}.{suffix}"
    match = _IN_LAYER.fullmatch(stem)
    if match is None or match[2] not in family.layer_names:
        return None
    return f"blk.{match[1]}.{family.layer_names[match[2]]}.{suffix}"
