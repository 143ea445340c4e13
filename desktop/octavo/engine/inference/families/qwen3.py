"""Qwen3: no biases, but a norm on every head of q and k before they turn (Yang et al., arXiv 2505.09388).

Qwen3 MoE has a mixture of experts in each layer, 128 small ones of which 8 are used.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from octavo.engine.inference.program_builder import ProgramBuilder
from octavo.engine.inference.rope import frequencies


def build(b: ProgramBuilder, factors: npt.NDArray[np.float32] | None) -> None:
    """Write the operations."""
    s = b.shape
    b.embed()
    table = b.rope(frequencies(s, factors), s.rope_magnitude)
    scale = s.attention_scale or s.key_size**-0.5
    for layer in range(s.n_layers):
        name = f"blk.{layer}."
        b.attention_input(layer, name + "attn_norm.weight")
        q_norm, k_norm = name + "attn_q_norm.weight", name + "attn_k_norm.weight"
        b.attention(layer, table, scale=scale, q_norm=q_norm, k_norm=k_norm)
        b.attention_output(layer)
        b.feed_forward(layer, name + "ffn_norm.weight")
    b.logits("output_norm.weight")
