"""What people should know of a source before they convert it."""

from __future__ import annotations

from octavo.engine.checkpoint.model import ModelCard


def requantizing_note(card: ModelCard | None) -> str:
    """Whether most weights were rounded once before; empty where they were not."""
    if card is None:
        return ""
    rounded = sum(each.n_weights for each in card.tensors if not each.block_type.is_float)
    if 2 * rounded <= sum(each.n_weights for each in card.tensors):
        return ""
    return (
        f"This model is quantized already ({card.type_name}). Rounding its weights a second time costs quality: "
        "convert the original weights if you can get them."
    )
