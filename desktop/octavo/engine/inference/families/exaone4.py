"""EXAONE 4: norms behind the branches, and on each head (arXiv 2507.11407).

The larger has a window in three layers of four, and turns nothing in the fourth.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from octavo.engine.inference.program_builder import NO_ROPE, ProgramBuilder
from octavo.engine.inference.rope import frequencies


def build(b: ProgramBuilder, factors: npt.NDArray[np.float32] | None) -> None:
    """Write the operations."""
    s = b.shape
    b.embed()
    table = b.rope(frequencies(s, factors), s.rope_magnitude)
    scale = s.attention_scale or s.key_size**-0.5
    for layer in range(s.n_layers):
        name = f"blk.{layer}."
        is_local = s.is_local[layer]
        b.attention_input(layer, "")
        b.attention(
            layer,
            table if is_local or not s.sliding_window else NO_ROPE,
            scale=scale,
            q_norm=name + "attn_q_norm.weight",
            k_norm=name + "attn_k_norm.weight",
            window=s.sliding_window if is_local else 0,
        )
        b.attention_output(layer, post_norm=name + "post_attention_norm.weight")
        b.feed_forward(layer, "", post_norm=name + "post_ffw_norm.weight")
    b.logits("output_norm.weight")
