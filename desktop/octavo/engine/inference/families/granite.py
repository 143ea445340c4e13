"""Granite 3: a Llama that scales embeddings, scores, branches and logits (arXiv 2405.04324, and its model cards).

The builder scales branches and logits by the shape's own numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from octavo.engine.inference.program_builder import ProgramBuilder
from octavo.engine.inference.rope import frequencies


def build(b: ProgramBuilder, factors: npt.NDArray[np.float32] | None) -> None:
    """Write the operations."""
    s = b.shape
    b.embed(scale=s.embedding_scale)
    table = b.rope(frequencies(s, factors), s.rope_magnitude)
    scale = s.attention_scale or s.key_size**-0.5
    for layer in range(s.n_layers):
        b.attention_input(layer, f"blk.{layer}.attn_norm.weight")
        b.attention(layer, table, scale=scale, is_interleaved=True)
        b.attention_output(layer)
        b.feed_forward(layer, f"blk.{layer}.ffn_norm.weight")
    b.logits("output_norm.weight")
