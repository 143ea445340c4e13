"""Qwen2: like Llama, with biases on q, k and v and pairs half a head apart (Yang et al., arXiv 2407.10671)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from octavo.engine.inference.program_builder import ProgramBuilder
from octavo.engine.inference.rope import frequencies


def build(b: ProgramBuilder, factors: npt.NDArray[np.float32] | None) -> None:
    """Write the operations; biases belong to the matrices."""
    s = b.shape
    b.embed()
    table = b.rope(frequencies(s, factors), s.rope_magnitude)
    scale = s.attention_scale or s.key_size**-0.5
    for layer in range(s.n_layers):
        b.attention_input(layer, f"blk.{layer}.attn_norm.weight")
        b.attention(layer, table, scale=scale)
        b.attention_output(layer)
        b.feed_forward(layer, f"blk.{layer}.ffn_norm.weight")
    b.logits("output_norm.weight")
