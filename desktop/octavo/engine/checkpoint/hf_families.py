"""Which families of Hugging Face models are known, and the GGUF names of their tensors.

Names and differences are those of llama.cpp's ``convert_hf_to_gguf`` (gguf-py's ``tensor_mapping.py``).
"""

from __future__ import annotations

import re

from octavo.engine.checkpoint.families import (
    ernie4_5,
    exaone4,
    gemma,
    granite,
    llama,
    mistral3,
    olmo2,
    phi3,
    qwen,
    smollm3,
)
from octavo.engine.checkpoint.families.family import Family
from octavo.engine.checkpoint.hf_config import Config
from octavo.engine.checkpoint.refusals import shown, unreadable, unsupported

_MODEL = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
# A multimodal model holds these beside the language model; "self_attn.rotary_emb" is computed anyway.
_PICTURES = ("vision_tower.", "multi_modal_projector.", "visual.", "vision_model.", "connector.")
_LEFT_OUT = (*_PICTURES, *(f"model.{name}" for name in _PICTURES))
_BARE = ("embed_tokens", "layers.", "norm")
_IN_LAYER = re.compile(r"model\.layers\.(0|[1-9][0-9]{0,3})\.(.+)")

FAMILIES = {
    "llama": llama.LLAMA,
    "mistral": llama.MISTRAL,
    "ministral3": mistral3.MINISTRAL3,
    "mixtral": llama.MIXTRAL,
    "qwen2": qwen.QWEN2,
    "qwen3": qwen.QWEN3,
    "qwen3_moe": qwen.QWEN3_MOE,
    "qwen2_vl": qwen.QWEN2_VL,
    "qwen2_vl_text": qwen.QWEN2_VL,
    "qwen2_5_vl": qwen.QWEN2_VL,
    "qwen2_5_vl_text": qwen.QWEN2_VL,
    "qwen3_vl": qwen.QWEN3_VL,
    "qwen3_vl_text": qwen.QWEN3_VL,
    "gemma": gemma.GEMMA,
    "gemma2": gemma.GEMMA2,
    "gemma3": gemma.GEMMA3,
    "gemma3_text": gemma.GEMMA3,
    "phi3": phi3.PHI3,
    "olmo2": olmo2.OLMO2,
    "olmo3": olmo2.OLMO3,
    "granite": granite.GRANITE,
    "smollm3": smollm3.SMOLLM3,
    "ernie4_5": ernie4_5.ERNIE4_5,
    "exaone4": exaone4.EXAONE4,
}
"""By ``model_type`` of config.json."""


def family_of(config: Config) -> Family:
    """The family that ``model_type`` of config.json names; raises ``UnreadableModel`` or ``UnsupportedModel``."""
    kind = config.text("model_type")
    if not kind:
        raise unreadable(
            config.path.parent,
            "its config.json does not say what kind of model it is (model_type).",
            "Fetch config.json once more from where the model is from.",
        )
    family = FAMILIES.get(kind)
    if family is None:
        raise unsupported(
            config.path.parent,
            f"models of the kind '{shown(kind)}' are not supported yet.",
            f"Supported are {', '.join(sorted({each.removesuffix('_text') for each in FAMILIES}))}.",
        )
    return family


def gguf_name(family: Family, name: str) -> str | None:
    """GGUF's name of a tensor: empty for one that is left out, None for one that is not known."""
    if name.startswith(_LEFT_OUT) or name.endswith(".rotary_emb.inv_freq"):
        return ""
    stem, dot, suffix = name.replace("language_model.", "", 1).replace("text_model.", "", 1).rpartition(".")
    if stem.startswith("model.model."):
        stem = stem.removeprefix("model.")
    elif stem.startswith(_BARE):  # saved without the head for text
        stem = f"model.{stem}"
    if suffix not in ("weight", "bias") or not dot:
        return None
    if stem == "lm_head" and family.is_always_tied:
        return ""
    if stem in _MODEL:
        return f"{_MODEL[stem]}.{suffix}"
    match = _IN_LAYER.fullmatch(stem)
    if match is None or match[2] not in family.layer_names:
        return None
    return f"blk.{match[1]}.{family.layer_names[match[2]]}.{suffix}"
