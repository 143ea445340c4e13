"""SmolLM3: a Llama that turns nothing in every fourth layer."""

from __future__ import annotations

from octavo.engine.checkpoint.families.family import LAYER, SILU, Family, refuse
from octavo.engine.checkpoint.families.llama import LLAMA_SCALINGS, llama_fields
from octavo.engine.checkpoint.hf_config import Config

_PERIOD = 4  # GGUF's architecture means it, and says it nowhere


def _check(config: Config) -> None:
    turning = config.value("no_rope_layers")
    n_layers = min(config.integer("num_hidden_layers"), 1 << 16)
    usual = [int((layer + 1) % _PERIOD != 0) for layer in range(n_layers)]
    if isinstance(turning, list) and turning:
        if turning[:n_layers] != usual:
            raise refuse(config, "smollm3 models with this order of layers")
    elif config.integer("no_rope_layer_interval") != _PERIOD:
        raise refuse(config, "smollm3 models with this order of layers")
    if config.flag("use_sliding_window") and config.value("sliding_window") is not None:
        raise refuse(config, "smollm3 models with a window")


SMOLLM3 = Family(
    "smollm3",
    LAYER,
    SILU,
    {
        "rms_norm_eps": 1e-6,
        "max_position_embeddings": 32768,
        "num_key_value_heads": 4,
        "hidden_act": "silu",
        "no_rope_layer_interval": 4,
        "tie_word_embeddings": True,
    },
    pairs_rows=True,
    rope_base=2e6,
    scalings=LLAMA_SCALINGS,
    check=_check,
    fields=llama_fields,
    says_head_size=False,
    keeps_prefix_flag=True,
)
