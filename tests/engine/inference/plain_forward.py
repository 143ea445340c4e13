"""All families in plain numpy and float64, from a Hugging Face folder: what a session is measured by.

Written from the papers and the semantics of transformers (``modeling_llama.py``, ``modeling_qwen2.py``,
``modeling_qwen3.py``, ``modeling_gemma3.py``, ``modeling_mixtral.py``, ``modeling_qwen3_moe.py``,
``modeling_rope_utils.py``), knowing nothing of the engine.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def read_tensors(folder: Path) -> dict[str, Numbers]:
    """All tensors of ``model.safetensors``, in float64."""
    raw = (folder / "model.safetensors").read_bytes()
    (n_header,) = struct.unpack("<Q", raw[:8])
    tensors = {}
    for name, entry in json.loads(raw[8 : 8 + n_header]).items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        part = raw[8 + n_header + first : 8 + n_header + last]
        if entry["dtype"] == "BF16":
            values = (np.frombuffer(part, np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            values = np.frombuffer(part, {"F32": np.float32, "F16": np.float16}[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"]).astype(np.float64)
    return tensors


def turning_speeds(rope: dict[str, Any], size: int, context: int) -> tuple[Numbers, float]:
    """Radians per position of each pair, and what cosines and sines are multiplied by."""
    base, kind = float(rope["rope_theta"]), rope.get("rope_type", "default")
    speeds = 1 / base ** (np.arange(0, size, 2) / size)
    factor = float(rope.get("factor", 1))
    if kind == "linear":
        return speeds / factor, 1.0
    if kind == "llama3":
        return _llama3(speeds, rope, factor), 1.0
    if kind == "yarn":
        return _yarn(speeds, rope, size, context), 0.1 * math.log(factor) + 1
    return speeds, 1.0


def _llama3(speeds: Numbers, rope: dict[str, Any], factor: float) -> Numbers:
    trained = rope["original_max_position_embeddings"]
    slow, fast = rope["low_freq_factor"], rope["high_freq_factor"]
    result = []
    for speed in speeds:
        wavelength = 2 * math.pi / speed
        if wavelength < trained / fast:
            result.append(speed)
        elif wavelength > trained / slow:
            result.append(speed / factor)
        else:
            smooth = (trained / wavelength - slow) / (fast - slow)
            result.append((1 - smooth) * speed / factor + smooth * speed)
    return np.array(result)


def _yarn(speeds: Numbers, rope: dict[str, Any], size: int, context: int) -> Numbers:
    trained, base = rope.get("original_max_position_embeddings", context), float(rope["rope_theta"])

    def dimension(turns: float) -> float:
        return size * math.log(trained / (turns * 2 * math.pi)) / (2 * math.log(base))

    low = max(math.floor(dimension(rope.get("beta_fast", 32))), 0)
    high = min(math.ceil(dimension(rope.get("beta_slow", 1))), size - 1)
    kept = 1 - np.clip((np.arange(size // 2) - low) / (high - low or 0.001), 0, 1)
    return speeds / rope["factor"] * (1 - kept) + speeds * kept


def _turned(x: Numbers, speeds: Numbers, magnitude: float) -> Numbers:
    """``x`` float64[tokens, heads, size], pairs half a head apart."""
    angles = np.arange(len(x))[:, None, None] * speeds
    a, b = np.split(x, 2, axis=-1)
    cosine, sine = np.cos(angles) * magnitude, np.sin(angles) * magnitude
    return np.concatenate([a * cosine - b * sine, b * cosine + a * sine], axis=-1)


class PlainModel:
    """A folder's model; tokens in, all logits out."""

    def __init__(self, folder: Path) -> None:
        self._config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._tensors = read_tensors(folder)
        self._is_gemma = self._config["model_type"].startswith("gemma3")

    def _norm(self, x: Numbers, name: str) -> Numbers:
        weight = self._tensors[name] + (1 if self._is_gemma else 0)
        mean = (x**2).mean(axis=-1, keepdims=True)
        return x / np.sqrt(mean + self._config["rms_norm_eps"]) * weight

    def _linear(self, x: Numbers, name: str) -> Numbers:
        y = x @ self._tensors[name + ".weight"].T
        bias = self._tensors.get(name + ".bias")
        return y if bias is None else y + bias

    def _is_local(self, layer: int) -> bool:
        return self._is_gemma and (layer + 1) % 6 != 0

    def _rope(self, layer: int, size: int) -> tuple[Numbers, float]:
        rope = self._config["rope_parameters"]
        if self._is_gemma:
            rope = rope["sliding_attention" if self._is_local(layer) else "full_attention"]
        return turning_speeds(rope, size, self._config["max_position_embeddings"])

    def _attention(self, x: Numbers, layer: int) -> Numbers:
        c, prefix, n = self._config, f"model.layers.{layer}.self_attn.", len(x)
        size = c.get("head_dim") or c["hidden_size"] // c["num_attention_heads"]
        q, k, v = (self._linear(x, f"{prefix}{each}_proj").reshape(n, -1, size) for each in "qkv")
        if f"{prefix}q_norm.weight" in self._tensors:
            q, k = self._norm(q, f"{prefix}q_norm.weight"), self._norm(k, f"{prefix}k_norm.weight")
        q, k = (_turned(each, *self._rope(layer, size)) for each in (q, k))
        group = q.shape[1] // k.shape[1]
        k, v = np.repeat(k, group, axis=1), np.repeat(v, group, axis=1)
        scale = float(c["query_pre_attn_scalar"] if self._is_gemma else size) ** -0.5
        distance = np.arange(n)[:, None] - np.arange(n)
        hidden = distance < 0
        if self._is_local(layer):
            hidden |= distance >= c["sliding_window"]
        mixed = np.empty_like(q)
        for head in range(q.shape[1]):
            scores = np.where(hidden, -np.inf, q[:, head] @ k[:, head].T * scale)
            weights = np.exp(scores - scores.max(axis=1, keepdims=True))
            mixed[:, head] = weights / weights.sum(axis=1, keepdims=True) @ v[:, head]
        return self._linear(mixed.reshape(n, -1), f"{prefix}o_proj")

    def _experts(self, x: Numbers, block: str) -> Numbers:
        """Each token through the experts that its router finds likeliest."""
        mixed = np.zeros_like(x)
        is_mixtral = block.endswith("block_sparse_moe.")
        names = ("w1", "w3", "w2") if is_mixtral else ("gate_proj", "up_proj", "down_proj")
        for row, token, logits in zip(mixed, x, self._linear(x, f"{block}gate"), strict=True):
            chances = np.exp(logits - logits.max())
            best = np.argsort(-chances)[: self._config["num_experts_per_tok"]]
            whole = chances[best] if is_mixtral or self._config["norm_topk_prob"] else chances
            for expert in best:
                path = [f"{block}experts.{expert}.{name}" for name in names]
                row += chances[expert] / whole.sum() * self._gated(token, *path)
        return mixed

    def _feed_forward(self, x: Numbers, layer: int) -> Numbers:
        for block in ("mlp.", "block_sparse_moe."):
            if f"model.layers.{layer}.{block}gate.weight" in self._tensors:
                return self._experts(x, f"model.layers.{layer}.{block}")
        names = (f"model.layers.{layer}.mlp.{each}_proj" for each in ("gate", "up", "down"))
        return self._gated(x, *names)

    def _gated(self, x: Numbers, gate_name: str, up_name: str, down_name: str) -> Numbers:
        gate, up = self._linear(x, gate_name), self._linear(x, up_name)
        if self._is_gemma:
            gate = 0.5 * gate * (1 + np.tanh(math.sqrt(2 / math.pi) * (gate + 0.044715 * gate**3)))
        else:
            gate = gate / (1 + np.exp(-gate))
        return self._linear(gate * up, down_name)

    def logits(self, ids: Sequence[int]) -> Numbers:
        """float64[tokens, vocabulary]."""
        embedding = self._tensors["model.embed_tokens.weight"]
        x = embedding[np.asarray(ids)]
        if self._is_gemma:
            x = x * float(np.float32(self._config["hidden_size"] ** 0.5))
        for layer in range(self._config["num_hidden_layers"]):
            norm = f"model.layers.{layer}."
            branch = self._attention(self._norm(x, norm + "input_layernorm.weight"), layer)
            if self._is_gemma:
                x = x + self._norm(branch, norm + "post_attention_layernorm.weight")
                inner = self._norm(x, norm + "pre_feedforward_layernorm.weight")
                branch = self._feed_forward(inner, layer)
                x = x + self._norm(branch, norm + "post_feedforward_layernorm.weight")
            else:
                x = x + branch
                inner = self._norm(x, norm + "post_attention_layernorm.weight")
                x = x + self._feed_forward(inner, layer)
        x = self._norm(x, "model.norm.weight")
        return x @ self._tensors.get("lm_head.weight", embedding).T
