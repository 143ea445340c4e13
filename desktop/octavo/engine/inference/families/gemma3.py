"""Gemma 3: norms before and after each branch, GELU, five local layers to each global one (arXiv 2503.19786).

Local layers attend within a sliding window and turn with a base of their own. The file's norm weights already have
their 1 added.
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
    whole = b.rope(frequencies(s, factors), s.rope_magnitude)
    local = b.rope(frequencies(s, is_local=True))
    scale = s.attention_scale or s.key_size**-0.5
    for layer in range(s.n_layers):
        name = f"blk.{layer}."
        is_local = s.is_local[layer]
        b.attention_input(layer, name + "attn_norm.weight")
        b.attention(
            layer,
            local if is_local else whole,
            scale=scale,
            q_norm=name + "attn_q_norm.weight",
            k_norm=name + "attn_k_norm.weight",
            window=s.sliding_window if is_local else 0,
            soft_cap=s.attention_soft_cap,
        )
        b.attention_output(layer, post_norm=name + "post_attention_norm.weight")
        b.feed_forward(layer, name + "ffn_norm.weight", GELU, post_norm=name + "post_ffw_norm.weight")
    b.logits("output_norm.weight", s.final_soft_cap)
