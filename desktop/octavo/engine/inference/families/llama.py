"""Llama and its kin (Llama, Mistral, SmolLM2, TinyLlama): pre-norms, grouped heads, SwiGLU, interleaved rope.

ERNIE 4.5 and Ministral 3 are, too; the latter's queries grow with the position (``ProgramBuilder.attention``).
Mixtral is one of them, with a mixture of experts in each layer (Jiang et al., arXiv 2401.04088).
Touvron et al., arXiv 2302.13971. GGUF stores q and k with their rows permuted so that pairs lie side by side.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from octavo.engine.inference.program_builder import ProgramBuilder
from octavo.engine.inference.rope import frequencies


def build(b: ProgramBuilder, factors: npt.NDArray[np.float32] | None) -> None:
    """Write the operations; ``factors`` is the tensor ``rope_freqs.weight``, if there is one."""
    s = b.shape
    b.embed()
    table = b.rope(frequencies(s, factors), s.rope_magnitude)
    scale = s.attention_scale or s.key_size**-0.5
    for layer in range(s.n_layers):
        b.attention_input(layer, f"blk.{layer}.attn_norm.weight")
        b.attention(layer, table, scale=scale, is_interleaved=True, window=s.sliding_window)
        b.attention_output(layer)
        b.feed_forward(layer, f"blk.{layer}.ffn_norm.weight")
    b.logits("output_norm.weight")
