"""OLMo 2: norms behind the branches alone, and over all heads of q and of k together."""

from __future__ import annotations

from octavo.engine.checkpoint.families.family import ATTENTION, FEED_FORWARD, HEAD_NORMS, SILU, Family

OLMO2 = Family(
    "olmo2",
    ATTENTION
    | FEED_FORWARD
    | HEAD_NORMS
    | {
        "post_attention_layernorm": "post_attention_norm",
        "post_feedforward_layernorm": "post_ffw_norm",
    },
    SILU,
    {"rms_norm_eps": 1e-5, "max_position_embeddings": 2048, "hidden_act": "silu"},
    says_head_size=False,
)
