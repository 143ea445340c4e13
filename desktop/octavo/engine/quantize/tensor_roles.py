"""What a tensor is for, read from its GGUF name: its role, its layer, its place in the file.

The rules are those of llama.cpp, ``src/llama-quant.cpp`` (``tensor_allows_quantization``,
``tensor_get_category``) and ``src/llama-model-loader.h`` (``weight_name_comparer``), so that a
conversion here and one by ``llama-quantize`` agree on every tensor.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from octavo.engine.checkpoint.model import TensorInfo

# A tensor whose name contains one of these keeps its type: small, or harmed by rounding.
_KEPT_PARTS = (
    "_norm.weight",
    "ffn_gate_inp.weight",
    "ffn_gate_tid2eid.weight",
    "altup",
    "laurel",
    "per_layer_model_proj",
    "ssm_conv1d",
    "shortconv.conv.weight",
    "indexer.k_proj.weight",
    "indexer.q_proj.weight",
    "time_mix_first.weight",
    "time_mix_w0.weight",
    "time_mix_w1.weight",
    "time_mix_w2.weight",
    "time_mix_v0.weight",
    "time_mix_v1.weight",
    "time_mix_v2.weight",
    "time_mix_a0.weight",
    "time_mix_a1.weight",
    "time_mix_a2.weight",
    "time_mix_g1.weight",
    "time_mix_g2.weight",
    "time_mix_decay_w1.weight",
    "time_mix_decay_w2.weight",
    "time_mix_lerp_fused.weight",
    "attn_rel_b.weight",
    ".position_embd",
    "sam.pos_embd",
    "sam.neck.",
    "sam.net_",
    ".rel_pos",
    ".patch_embd",
    ".patch_merger",
    "a.rvq.codebook",
    "mm.a.code_embd",
)
_KEPT_NAMES = ("position_embd.weight", "token_types.weight")

# Part of the name, role; the first that matches wins.
_ROLES = (
    ("attn_qkv.weight", "attention_v"),
    ("attn_kv_b.weight", "attention_v"),
    ("attn_v.weight", "attention_v"),
    ("attn_k.weight", "attention_k"),
    ("attn_q.weight", "attention_q"),
    ("attn_output.weight", "attention_output"),
    ("ffn_up", "ffn_up"),
    ("ffn_gate", "ffn_gate"),
    ("ffn_down", "ffn_down"),
)
_LAYER = re.compile(r"blk\.(\d+)")


def may_shrink(tensor: TensorInfo) -> bool:
    """Whether quantizers may give this tensor another type: a weight matrix that is no norm or router."""
    # ggml does not count dimensions of size 1 at the slow end: a (1, n) tensor is a vector to it.
    sizes = tensor.shape
    while len(sizes) > 1 and sizes[0] == 1:
        sizes = sizes[1:]
    return len(sizes) >= 2 and _is_weight(tensor.name)


# A window prices the same tensors for every plugin, at every key that is pressed.
_REMEMBERED = 16_384


@lru_cache(_REMEMBERED)
def _is_weight(name: str) -> bool:
    if not name.endswith("weight") or name in _KEPT_NAMES:
        return False
    return not any(part in name for part in _KEPT_PARTS)


@lru_cache(_REMEMBERED)
def role(name: str) -> str:
    """What the tensor does in the model, or ``other``.

    One of ``output``, ``embedding``, ``attention_q``, ``attention_k``, ``attention_v`` (fused
    query-key-value matrices too), ``attention_output``, ``ffn_up``, ``ffn_gate``, ``ffn_down``.
    """
    if name == "output.weight":
        return "output"
    if name in ("token_embd.weight", "per_layer_token_embd.weight"):
        return "embedding"
    return next((found for part, found in _ROLES if part in name), "other")


@lru_cache(_REMEMBERED)
def layer_number(name: str) -> int:
    """The layer that the tensor belongs to; -1 if to none."""
    match = _LAYER.match(name)
    return int(match[1]) if match else -1


def file_order(tensors: Sequence[TensorInfo]) -> list[TensorInfo]:
    """Sort as ``llama-quantize`` writes: what belongs to no layer, then layer by layer, each by name."""
    return sorted(tensors, key=lambda each: (layer_number(each.name), each.name.encode()))
