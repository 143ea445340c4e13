"""Gemma: a Llama with scaled embeddings, GELU, and pairs half a head apart (arXiv 2403.08295).

The file's norm weights already have their 1 added.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from octavo.engine.inference.program_builder import GELU, ProgramBuilder
from octavo.engine.inference.rope import frequencies


def build(b: ProgramBuilder, factors: npt.NDArray[np.float32] | None) -> None:
    """Write the operations."""
    s = b.shape
    b.embed(scale=float(np.float32(s.n_embedding**0.5)))
    table = b.rope(frequencies(s, factors), s.rope_magnitude)
    scale = s.attention_scale or s.key_size**-0.5
    for layer in range(s.n_layers):
        b.attention_input(layer, f"blk.{layer}.attn_norm.weight")
        b.attention(layer, table, scale=scale)
        b.attention_output(layer)
        b.feed_forward(layer, f"blk.{layer}.ffn_norm.weight", GELU)
    b.logits("output_norm.weight")
