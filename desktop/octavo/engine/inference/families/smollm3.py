"""SmolLM3: a Llama whose every fourth layer turns nothing (NoPE, arXiv 2501.18795)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from octavo.engine.inference.program_builder import NO_ROPE, ProgramBuilder
from octavo.engine.inference.rope import frequencies

_PERIOD = 4  # what the architecture means; no file says it


def build(b: ProgramBuilder, factors: npt.NDArray[np.float32] | None) -> None:
    """Write the operations."""
    s = b.shape
    b.embed()
    table = b.rope(frequencies(s, factors), s.rope_magnitude)
    scale = s.attention_scale or s.key_size**-0.5
    for layer in range(s.n_layers):
        b.attention_input(layer, f"blk.{layer}.attn_norm.weight")
        turned = NO_ROPE if layer % _PERIOD == _PERIOD - 1 else table
        b.attention(layer, turned, scale=scale, is_interleaved=True)
        b.attention_output(layer)
        b.feed_forward(layer, f"blk.{layer}.ffn_norm.weight")
    b.logits("output_norm.weight")
