"""A model's numbers, read from its metadata and checked against each other.

Key names are those of ``gguf.md`` and ``llama-arch.cpp``; what is assumed where a key is missing is what
``llama-model.cpp`` assumes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from octavo.engine.checkpoint.field_values import FieldValues
from octavo.engine.checkpoint.model import Field, Hyperparameters, TensorInfo
from octavo.engine.checkpoint.refusals import shown, unsupported

ARCHITECTURES = (
    "llama",
    "qwen2",
    "qwen3",
    "qwen3moe",
    "qwen2vl",
    "qwen3vl",
    "gemma",
    "gemma2",
    "gemma3",
    "phi3",
    "olmo2",
    "granite",
    "smollm3",
    "mistral3",
    "ernie4_5",
    "exaone4",
)
_WITH_EXPERTS = ("llama", "qwen3moe")
MAX_LAYERS = 1024
_MAX_SIZE = 1 << 24
_MAX_HEADS = 1 << 16
_MAX_CONTEXT = 1 << 31
_SCALINGS = ("", "none", "linear", "yarn")
_PERIODS = {"gemma2": 2, "gemma3": 6, "olmo2": 4, "exaone4": 4}  # one layer of so many sees everything
_EVERYWHERE = ("llama", "phi3")  # where a window is every layer's
_EXAONE4_32B_LAYERS = 64
_GEMMA_27B_LAYERS = {"gemma2": 46, "gemma3": 62}
_USUAL_WINDOW = 4096
_GEMMA2 = {"attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0}


def read_hyperparameters(
    path: Path, fields: Mapping[str, Field], tensors: Sequence[TensorInfo]
) -> Hyperparameters:
    """Read and check the numbers of a model; an architecture not in the table is not supported.

    Raises
    ------
    UnsupportedModel
        The architecture, or something in it, is not known yet.
    UnreadableModel
        A number is missing, of the wrong type, or impossible.
    """
    values = FieldValues(path, fields)
    name = _architecture(values)
    n_layers = values.integer(f"{name}.block_count", 1, MAX_LAYERS)
    n_embedding = values.integer(f"{name}.embedding_length", 1, _MAX_SIZE)
    n_heads = values.integers(f"{name}.attention.head_count", n_layers, 1, _MAX_HEADS)
    n_kv_heads = (
        values.integers(f"{name}.attention.head_count_kv", n_layers, 1, _MAX_HEADS)
        if values.has(f"{name}.attention.head_count_kv")
        else n_heads
    )
    if any(heads % kv_heads for heads, kv_heads in zip(n_heads, n_kv_heads, strict=True)):
        raise values.refuse("its attention heads cannot be shared out evenly among its key-value heads.")
    key_size = _head_size(values, f"{name}.attention.key_length", n_embedding, n_heads[0])
    value_size = _head_size(values, f"{name}.attention.value_length", n_embedding, n_heads[0])
    window, is_local = _sliding_window(values, name, n_layers)
    return Hyperparameters(
        architecture=name,
        n_layers=n_layers,
        n_embedding=n_embedding,
        n_feed_forward=values.integers(f"{name}.feed_forward_length", n_layers, 1, _MAX_SIZE),
        n_heads=n_heads,
        n_kv_heads=n_kv_heads,
        key_size=key_size,
        value_size=value_size,
        context_length=values.integer(f"{name}.context_length", 1, _MAX_CONTEXT),
        n_vocabulary=_vocabulary_rows(values, tensors),
        norm_epsilon=values.real(f"{name}.attention.layer_norm_rms_epsilon", 1e-30, 0.999),
        sliding_window=window,
        is_local=is_local,
        attention_scale=_attention_scale(values, name, n_layers, n_embedding, n_heads[0], key_size),
        query_growth=values.real(f"{name}.attention.temperature_scale", 0.0, 1e3, 0.0),
        attention_soft_cap=_soft_cap(values, name, "attn_logit_softcapping"),
        final_soft_cap=_soft_cap(values, name, "final_logit_softcapping"),
        embedding_scale=values.real(f"{name}.embedding_scale", 1e-6, 1e6, 1.0),
        residual_scale=values.real(f"{name}.residual_scale", 1e-6, 1e6, 1.0),
        logit_scale=values.real(f"{name}.logit_scale", 1e-6, 1e6, 1.0),
        **_rope(values, name, key_size, tensors),
        **_experts(values, name, n_layers),
    )


def _architecture(values: FieldValues) -> str:
    name = values.text("general.architecture")
    known = ", ".join(ARCHITECTURES)
    if name not in ARCHITECTURES:
        raise unsupported(
            values.path,
            f"models of the kind '{shown(name)}' are not supported yet.",
            f"Supported are {known}.",
        )
    if name not in _WITH_EXPERTS and values.integer(f"{name}.expert_count", 0, _MAX_HEADS, 0):
        raise unsupported(values.path, f"{name} models with a mixture of experts are not supported yet.")
    return name


def _experts(values: FieldValues, name: str, n_layers: int) -> dict[str, Any]:  # Any: of several types
    """What a mixture of experts says of itself; nothing for other models."""
    if name not in _WITH_EXPERTS:
        return {}
    count = values.integer(f"{name}.expert_count", int(name != "llama"), _MAX_HEADS, 0)
    if not count:
        return {}
    used = values.integer(f"{name}.expert_used_count", 1, count)
    whole = values.integers(f"{name}.feed_forward_length", n_layers, 1, _MAX_SIZE)[0]
    usual = whole if name == "llama" else max(1, whole // used)
    width = values.integers(f"{name}.expert_feed_forward_length", n_layers, 1, _MAX_SIZE, usual)
    if len(set(width)) > 1:
        raise unsupported(values.path, "experts of several widths are not supported yet.")
    return {
        "n_experts": count,
        "n_experts_used": used,
        "n_expert_feed_forward": width[0],
        "normalizes_experts": values.flag(f"{name}.expert_weights_norm", default=True),
    }


def _head_size(values: FieldValues, key: str, n_embedding: int, n_heads: int) -> int:
    if values.has(key):
        return values.integer(key, 1, _MAX_HEADS)
    if n_embedding % n_heads:
        raise values.refuse("its width cannot be shared out evenly among its attention heads.")
    return n_embedding // n_heads


def _rope(
    values: FieldValues, name: str, key_size: int, tensors: Sequence[TensorInfo]
) -> dict[str, Any]:  # Any: of several types
    """How positions are rotated."""
    has_factors = any(info.name == "rope_factors_long.weight" for info in tensors)
    scaling, factor, original = _rope_scaling(values, name, has_factors=has_factors)
    base = values.real(f"{name}.rope.freq_base", 1.0, 1e12, 10000.0)
    local = base if name == "olmo2" else 10000.0
    return {
        "rope_base": base,
        "rope_base_local": values.real(f"{name}.rope.freq_base_swa", 1.0, 1e12, local),
        "rope_dimensions": _rope_dimensions(values, name, key_size),
        "rope_scaling": scaling,
        "rope_scaling_factor": factor,
        "rope_original_context": original,
        "rope_magnitude": _rope_magnitude(values, name, scaling, factor),
        "rope_fast_turns": values.real(f"{name}.rope.scaling.yarn_beta_fast", 1e-6, 1e6, 32.0),
        "rope_slow_turns": values.real(f"{name}.rope.scaling.yarn_beta_slow", 1e-6, 1e6, 1.0),
    }


def _rope_dimensions(values: FieldValues, name: str, key_size: int) -> int:
    count = values.integer(f"{name}.rope.dimension_count", 2, _MAX_HEADS, key_size)
    if count % 2 or count > key_size:
        raise values.refuse(f"it rotates {count} of {key_size} dimensions, which is odd or too many.")
    return count


def _rope_scaling(values: FieldValues, name: str, *, has_factors: bool) -> tuple[str, float, int]:
    scaling = values.text(f"{name}.rope.scaling.type", "")
    if scaling not in _SCALINGS and not (scaling == "longrope" and has_factors):
        raise unsupported(
            values.path, f"position scaling of the kind '{shown(scaling)}' is not supported yet."
        )
    legacy = values.real(f"{name}.rope.scale_linear", 1e-6, 1e6, 1.0)
    factor = values.real(f"{name}.rope.scaling.factor", 1e-6, 1e6, legacy)
    original = values.integer(f"{name}.rope.scaling.original_context_length", 0, _MAX_CONTEXT, 0)
    if not scaling and factor != 1.0:
        scaling = "linear"
    if scaling in ("", "none", "longrope"):
        return "", 1.0, original
    return scaling, factor, original


def yarn_magnitude(factor: float, log_multiplier: float = 0.0) -> float:
    """What yarn multiplies cosines and sines by where nothing else is said (arXiv 2309.00071, and DeepSeek-V2's code).

    Parameters
    ----------
    factor : float
        How far positions are stretched.
    log_multiplier : float
        How much of the growth is taken back: transformers' ``mscale_all_dim``.
    """
    growth = 0.1 * math.log(factor) if factor > 1 else 0.0
    return (1.0 + growth) / (1.0 + log_multiplier * growth)


def _rope_magnitude(values: FieldValues, name: str, scaling: str, factor: float) -> float:
    """What cosines and sines are multiplied by.

    YaRN's factor is the one that transformers calls ``attention_factor``, in place of the usual one. One below 1 is
    DeepSeek's ``attn_factor``, which llama.cpp's converter writes under the same key, and which neither uses.
    """
    own = values.real(f"{name}.rope.scaling.attn_factor", 1e-6, 1e6, 1.0)
    if scaling != "yarn":
        return own
    is_told = name == "mistral3"
    key = f"{name}.rope.scaling.yarn_log_multiplier"
    usual = yarn_magnitude(factor, values.real(key, 0.0, 1e3, 0.0) if is_told else 0.0)
    given = values.real(f"{name}.rope.scaling.yarn_attn_factor", 1e-6, 1e6, usual)
    return own * (given if given >= 1 else usual)


def _sliding_window(values: FieldValues, name: str, n_layers: int) -> tuple[int, tuple[bool, ...]]:
    """The window in tokens, and which layers use it."""
    has_usual = name == "gemma2" or (name == "exaone4" and n_layers == _EXAONE4_32B_LAYERS)
    usual = _USUAL_WINDOW if has_usual else 0
    window = values.integer(f"{name}.attention.sliding_window", 0, _MAX_CONTEXT, usual)
    if not window or name not in (*_PERIODS, *_EVERYWHERE):
        return 0, (False,) * n_layers
    if name in _EVERYWHERE:
        return window, (True,) * n_layers
    key = f"{name}.attention.sliding_window_pattern"
    if values.is_list(key):
        pattern = values.flags(key)
        if len(pattern) < n_layers:
            raise values.refuse(f"its {key} does not hold one truth value for each of {n_layers} layers.")
        return window, tuple(pattern[:n_layers])
    period = values.integer(key, 0, MAX_LAYERS, _PERIODS[name])
    return window, tuple(bool(period) and layer % period < period - 1 for layer in range(n_layers))


def _soft_cap(values: FieldValues, name: str, key: str) -> float:
    usual = _GEMMA2[key] if name == "gemma2" else 0.0
    return values.real(f"{name}.{key}", 0.0, 1e6, usual)


def _attention_scale(
    values: FieldValues, name: str, n_layers: int, n_embedding: int, n_heads: int, key_size: int
) -> float:
    # The largest Gemma 2 and 3 alone were trained with the width per head, which is not their head size.
    is_27b = n_layers == _GEMMA_27B_LAYERS.get(name)
    usual = 1.0 / math.sqrt(n_embedding / n_heads if is_27b else key_size)
    return values.real(f"{name}.attention.scale", 0.0, 1e6, usual) or usual


def _vocabulary_rows(values: FieldValues, tensors: Sequence[TensorInfo]) -> int:
    for info in tensors:
        if info.name == "token_embd.weight" and info.is_matrix:
            return info.rows
    raise values.refuse("it has no token embeddings, so it is no language model or only a part of one.")
