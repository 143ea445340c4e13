"""ERNIE 4.5, the dense ones: a Llama whose folders hold the numbers that turn together side by side, as GGUF does."""

from __future__ import annotations

from octavo.engine.checkpoint.families.family import LAYER, SILU, Family

ERNIE4_5 = Family(
    "ernie4_5",
    LAYER,
    SILU,
    {
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 131072,
        "num_key_value_heads": 2,
        "head_dim": 128,
        "hidden_act": "silu",
        "tie_word_embeddings": True,
    },
    rope_base=5e5,
    scalings=("default", "linear"),
    keeps_prefix_flag=True,
)
