"""How many bytes a converted file will have: exact, because the conversion executes the same plan."""

from __future__ import annotations

from collections import Counter

from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.folder_layouts import folder_bytes
from octavo.engine.checkpoint.gguf_bytes import aligned
from octavo.engine.checkpoint.model import ModelCard, TensorInfo
from octavo.engine.checkpoint.outgoing import RECIPE_BYTES
from octavo.engine.estimate.remember import remembered
from octavo.engine.quantize.quantizer import Plan


def predicted_bytes(card: ModelCard, plan: Plan) -> int:
    """Bytes of the file that ``plan`` makes of the model, of a folder's weights; no byte more or less."""
    return _predicted_bytes(card, plan)


@remembered
def _predicted_bytes(card: ModelCard, plan: Plan | None) -> int:
    if plan is None:
        return card.file_bytes
    if plan.layout:
        return folder_bytes(card.tensors, plan.types, plan.layout, plan.group)
    recipe = 0 if plan.compatible else RECIPE_BYTES
    # Of many tensors there are few kinds: a window prices all plans within a frame.
    kinds = Counter((plan.types[each.name].name, each.shape) for each in card.tensors)
    return card.metadata_bytes + recipe + sum(n * _tensor_bytes(*kind) for kind, n in kinds.items())


def _tensor_bytes(type_name: str, shape: tuple[int, ...]) -> int:
    return aligned(TensorInfo("", shape, block_type(type_name)).n_bytes)
