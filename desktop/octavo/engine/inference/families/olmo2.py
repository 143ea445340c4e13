"""OLMo 2: no norms before the branches but behind them, and one over all heads of q and of k (arXiv 2501.00656).

OLMo 3 has a window in three layers of four; there positions are never stretched.
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
    whole = b.rope(frequencies(s, factors), s.rope_magnitude)
    local = b.rope(frequencies(s, is_local=True)) if any(s.is_local) else whole
    scale = s.attention_scale or s.key_size**-0.5
    for layer in range(s.n_layers):
        name = f"blk.{layer}."
        b.attention_input(layer, "")
        b.norm_all_heads(layer, name + "attn_q_norm.weight", name + "attn_k_norm.weight")
        is_local = s.is_local[layer]
        table, window = (local, s.sliding_window) if is_local else (whole, 0)
        b.attention(layer, table, scale=scale, window=window)
        b.attention_output(layer, post_norm=name + "post_attention_norm.weight")
        b.feed_forward(layer, "", post_norm=name + "post_ffw_norm.weight")
    b.logits("output_norm.weight")
