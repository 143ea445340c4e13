"""Llama, and what GGUF calls so: Mistral, with a window, and Mixtral, with experts."""

from __future__ import annotations

from octavo.engine.checkpoint.families.family import LAYER, SILU, Family, Fields, count
from octavo.engine.checkpoint.hf_config import Config, head_size

LLAMA_SCALINGS = ("default", "linear", "yarn", "llama3")
# Which of these a family has is checked by ``needed_tensors.py``; its experts are read by ``hf_experts.py``.
EXPERTS_LAYER = LAYER | {"mlp.gate": "ffn_gate_inp", "block_sparse_moe.gate": "ffn_gate_inp"}


def llama_fields(config: Config, usual: Fields) -> Fields:
    """llama.cpp's converter says the size of the vocabulary, and how much of a head turns."""
    name = next(iter(usual)).partition(".")[0]
    return usual | {
        f"{name}.vocab_size": count(config.integer("vocab_size")),
        f"{name}.rope.dimension_count": count(head_size(config)),
    }


def _windowed_fields(config: Config, usual: Fields) -> Fields:
    fields = llama_fields(config, usual)
    window = 0 if config.is_null("sliding_window") else config.integer("sliding_window", 0)
    if window and window < config.integer("max_position_embeddings"):
        # llama.cpp neither writes nor reads it: it lets every token attend to everything.
        fields["llama.attention.sliding_window"] = count(window)
    return fields


LLAMA = Family(
    "llama",
    LAYER,
    SILU,
    {"rms_norm_eps": 1e-6, "max_position_embeddings": 2048, "hidden_act": "silu"},
    pairs_rows=True,
    scalings=LLAMA_SCALINGS,
    fields=llama_fields,
    keeps_prefix_flag=True,
)
MISTRAL = Family(
    "llama",
    LAYER,
    SILU,
    {
        "rms_norm_eps": 1e-6,
        "max_position_embeddings": 131072,
        "num_key_value_heads": 8,
        "sliding_window": 4096,
        "hidden_act": "silu",
    },
    pairs_rows=True,
    scalings=LLAMA_SCALINGS,
    fields=_windowed_fields,
    keeps_prefix_flag=True,
)
MIXTRAL = Family(
    "llama",
    EXPERTS_LAYER,
    SILU,
    {
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 131072,
        "num_key_value_heads": 8,
        "num_local_experts": 8,
        "num_experts_per_tok": 2,
        "hidden_act": "silu",
    },
    pairs_rows=True,
    rope_base=1e6,
    scalings=LLAMA_SCALINGS,
    fields=_windowed_fields,
    keeps_prefix_flag=True,
)
