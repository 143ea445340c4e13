"""Which tensors a family needs, and the shapes that its numbers give them.

A shape is spelled with one letter per dimension: V vocabulary, E width, F feed-forward width,
Q queries of all heads, K keys, W values, O attention output, H one head's keys, R pairs that rotate,
N experts, X feed-forward width of one expert, A queries, keys and values, G gates and their products.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from octavo.engine.checkpoint.model import Hyperparameters, TensorInfo
from octavo.engine.checkpoint.refusals import shown, unreadable

_MODEL = {"token_embd.weight": "VE", "output_norm.weight": "E"}
_MODEL_OPTIONAL = {
    "output.weight": "VE",
    "rope_freqs.weight": "R",
    "rope_factors_long.weight": "R",
    "rope_factors_short.weight": "R",
}
_LAYER = {
    "attn_norm.weight": "E",
    "attn_q.weight": "QE",
    "attn_k.weight": "KE",
    "attn_v.weight": "WE",
    "attn_output.weight": "EO",
    "ffn_norm.weight": "E",
    "ffn_gate.weight": "FE",
    "ffn_up.weight": "FE",
    "ffn_down.weight": "EF",
}
_BIASES = {"attn_q.bias": "Q", "attn_k.bias": "K", "attn_v.bias": "W"}
_HEAD_NORMS = {"attn_q_norm.weight": "H", "attn_k_norm.weight": "H"}
_POST_NORMS = {"post_attention_norm.weight": "E", "post_ffw_norm.weight": "E"}
_EXPERTS = {
    "ffn_gate_inp.weight": "NE",
    "ffn_gate_exps.weight": "NXE",
    "ffn_up_exps.weight": "NXE",
    "ffn_down_exps.weight": "NEX",
}
_WIDE_NORMS = {"attn_q_norm.weight": "Q", "attn_k_norm.weight": "K"}
_FUSED = {
    "attn_norm.weight": "E",
    "attn_qkv.weight": "AE",
    "attn_output.weight": "EO",
    "ffn_norm.weight": "E",
    "ffn_up.weight": "GE",
    "ffn_down.weight": "EF",
}

_NEEDED = {
    "llama": _LAYER,
    "qwen2": _LAYER | _BIASES,
    "qwen3": _LAYER | _HEAD_NORMS,
    "qwen3moe": _LAYER | _HEAD_NORMS,
    "qwen2vl": _LAYER | _BIASES,
    "qwen3vl": _LAYER | _HEAD_NORMS,
    "gemma": _LAYER,
    "gemma2": _LAYER | _POST_NORMS,
    "gemma3": _LAYER | _HEAD_NORMS | _POST_NORMS,
    "phi3": _FUSED,
    "olmo2": {name: shape for name, shape in _LAYER.items() if "norm" not in name}
    | _WIDE_NORMS
    | _POST_NORMS,
    "granite": _LAYER,
    "smollm3": _LAYER,
    "mistral3": _LAYER,
    "ernie4_5": _LAYER,
    "exaone4": {name: shape for name, shape in _LAYER.items() if "norm" not in name}
    | _HEAD_NORMS
    | _POST_NORMS,
}


def check_tensors(path: Path, model: Hyperparameters, tensors: Sequence[TensorInfo]) -> list[str]:
    """Refuse a model whose tensors are missing or misshapen; return the names that nothing will use."""
    found = {info.name: info for info in tensors}
    for name, (shape, is_needed) in _known(model).items():
        info = found.pop(name, None)
        if info is not None:
            _check(path, info, shape)
        elif is_needed:
            raise unreadable(path, f"the tensor {name} is missing.")
    return [shown(name) for name in found]


def used_tensors(model: Hyperparameters, tensors: Iterable[TensorInfo]) -> list[TensorInfo]:
    """Those that the model's family knows, in their order; only their shapes were checked."""
    known = set(_names(model))
    return [info for info in tensors if info.name in known]


def _names(model: Hyperparameters) -> Iterator[str]:
    """The names of ``_known`` alone, which take a tenth of the time: estimates ask for them."""
    families = [("", _MODEL | _MODEL_OPTIONAL)]
    families += [(f"blk.{layer}.", _layer(model)) for layer in range(model.n_layers)]
    for place, shapes in families:
        for name, letters in shapes.items():
            yield place + name
            if len(letters) == 2:
                yield f"{place}{name.removesuffix('.weight')}.bias"


def _known(model: Hyperparameters) -> dict[str, tuple[tuple[int, ...], bool]]:
    """Shapes by name, and whether the tensor must be there; whatever the family, each matrix may have a bias."""
    known = {name: (shape, is_needed) for name, shape, is_needed in _expected(model)}
    biases = {
        f"{name.removesuffix('.weight')}.bias": (shape[:1], False)
        for name, (shape, _) in known.items()
        if len(shape) == 2
    }
    return biases | known


def _check(path: Path, info: TensorInfo, shape: tuple[int, ...]) -> None:
    if info.shape != shape:
        asked, given = (" x ".join(map(str, each)) for each in (shape, info.shape))
        raise unreadable(path, f"the tensor {info.name} is {given}, but the model's numbers ask for {asked}.")
    if info.block_type.name.startswith("I") and info.block_type.name[1:].isdigit():
        raise unreadable(path, f"the tensor {info.name} holds integers where weights must be.")


def _expected(model: Hyperparameters) -> Iterator[tuple[str, tuple[int, ...], bool]]:
    for spelled, is_needed in ((_MODEL, True), (_MODEL_OPTIONAL, False)):
        for name, letters in spelled.items():
            yield name, _shape(model, 0, letters), is_needed
    for layer in range(model.n_layers):
        for name, letters in _layer(model).items():
            yield f"blk.{layer}.{name}", _shape(model, layer, letters), True


def _layer(model: Hyperparameters) -> dict[str, str]:
    """The tensors of one layer, and their letters."""
    needed = _NEEDED[model.architecture]
    if not model.n_experts:
        return needed
    return {name: shape for name, shape in needed.items() if "F" not in shape} | _EXPERTS


def _shape(model: Hyperparameters, layer: int, letters: str) -> tuple[int, ...]:
    sizes = {
        "V": model.n_vocabulary,
        "E": model.n_embedding,
        "F": model.n_feed_forward[layer],
        "Q": model.n_heads[layer] * model.key_size,
        "K": model.n_kv_heads[layer] * model.key_size,
        "W": model.n_kv_heads[layer] * model.value_size,
        "O": model.n_heads[layer] * model.value_size,
        "H": model.key_size,
        "R": model.rope_dimensions // 2,
        "N": model.n_experts,
        "X": model.n_expert_feed_forward,
        "A": model.n_heads[layer] * model.key_size
        + model.n_kv_heads[layer] * (model.key_size + model.value_size),
        "G": 2 * model.n_feed_forward[layer],
    }
    return tuple(sizes[letter] for letter in letters)
