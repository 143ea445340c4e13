"""Phi-3 and Phi-4-mini: q, k and v in one matrix, gate and up in another, a window in some (arXiv 2404.14219).

A part of each head may turn; factors for long texts divide the speeds (LongRoPE, arXiv 2402.13753). The window is that
of transformers; llama.cpp leaves it out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from octavo.engine.inference.program_builder import ProgramBuilder
from octavo.engine.inference.rope import frequencies


def build(b: ProgramBuilder, factors: npt.NDArray[np.float32] | None) -> None:
    """Write the operations; the builder finds the fused matrices by their names."""
    s = b.shape
    b.embed()
    table = b.rope(frequencies(s, factors), s.rope_magnitude)
    scale = s.attention_scale or s.key_size**-0.5
    for layer in range(s.n_layers):
        b.attention_input(layer, f"blk.{layer}.attn_norm.weight")
        b.attention(layer, table, scale=scale, window=s.sliding_window)
        b.attention_output(layer)
        b.feed_forward(layer, f"blk.{layer}.ffn_norm.weight")
    b.logits("output_norm.weight")
