"""How many bytes a converted file will have: exact, because the conversion executes the same plan."""

from __future__ import annotations

from octavo.engine.checkpoint.folder_layouts import folder_bytes
from octavo.engine.checkpoint.gguf_bytes import aligned
from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.checkpoint.outgoing import RECIPE_BYTES
from octavo.engine.quantize.quantizer import Plan


def predicted_bytes(card: ModelCard, plan: Plan) -> int:
    """Bytes of the file that ``plan`` makes of the model, of a folder's weights; no byte more or less."""
    if plan.layout:
        return folder_bytes(card.tensors, plan.types, plan.layout, plan.group)
    recipe = 0 if plan.compatible else RECIPE_BYTES
    return (
        card.metadata_bytes
        + recipe
        + sum(aligned(each.rows * plan.types[each.name].row_bytes(each.columns)) for each in card.tensors)
    )
