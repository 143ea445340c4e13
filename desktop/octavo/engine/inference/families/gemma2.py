"""Gemma 2: norms before and after each branch, capped scores and logits, every other layer local (arXiv 2408.00118).

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
        name = f"blk.{layer}."
        window = s.sliding_window if s.is_local[layer] else 0
        b.attention_input(layer, name + "attn_norm.weight")
        b.attention(layer, table, scale=scale, window=window, soft_cap=s.attention_soft_cap)
        b.attention_output(layer, post_norm=name + "post_attention_norm.weight")
        b.feed_forward(layer, name + "ffn_norm.weight", GELU, post_norm=name + "post_ffw_norm.weight")
    b.logits("output_norm.weight", s.final_soft_cap)
