"""Every name that a plugin may use; what is not here may change without notice.

A plugin is a package with an entry point in the group ``octavo``, whose module holds functions marked
``@hookimpl`` (see ``octavo.plugin.spec`` for the hooks) and ``api_version = 1``. Importing this module is
cheap: codecs and numpy are imported when they are first used.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pluggy

from octavo.engine.blocks.types import BlockType, block_type
from octavo.engine.checkpoint.model import Checkpoint, Field, Hyperparameters, ModelCard, TensorInfo
from octavo.engine.errors import (
    NotEnoughDisk,
    NotEnoughMemory,
    OctavoError,
    UnreadableModel,
    UnsupportedModel,
)
from octavo.engine.hardware.memory import MemoryPool
from octavo.engine.progress import Progress, Work
from octavo.engine.quantize.mixture import (
    Mixture,
    Upgrade,
    always,
    first,
    first_share,
    more_bits,
    plan_mixture,
)
from octavo.engine.quantize.mixture_options import MixtureOptions, PlainOptions
from octavo.engine.quantize.mixture_quantizer import MixtureQuantizer
from octavo.engine.quantize.quantizer import Plan, Quantizer
from octavo.engine.quantize.tensor_roles import file_order, layer_number, may_shrink, role

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

API_VERSION = 1

hookimpl = pluggy.HookimplMarker("octavo")

__all__ = [
    "API_VERSION",
    "Backend",
    "BlockType",
    "Checkpoint",
    "CheckpointFormat",
    "Field",
    "Hyperparameters",
    "MemoryPool",
    "Mixture",
    "MixtureOptions",
    "MixtureQuantizer",
    "ModelCard",
    "NotEnoughDisk",
    "NotEnoughMemory",
    "OctavoError",
    "PlainOptions",
    "Plan",
    "Progress",
    "Quantizer",
    "TensorInfo",
    "UnreadableModel",
    "UnsupportedModel",
    "Upgrade",
    "Work",
    "always",
    "block_type",
    "decode",
    "encode",
    "file_order",
    "first",
    "first_share",
    "hookimpl",
    "layer_number",
    "may_shrink",
    "more_bits",
    "plan_mixture",
    "role",
]


class CheckpointFormat(Protocol):
    """A container of weights that can be opened."""

    name: str

    def recognizes(self, path: Path) -> bool:
        """Whether ``path`` looks like this format; quick, and never raises."""

    def open(self, path: Path) -> Checkpoint:
        """Open ``path``, checked; raises `UnreadableModel` or `UnsupportedModel`."""


class Backend(Protocol):
    """Something that runs models."""

    name: str

    def can_run(self, card: ModelCard) -> bool:
        """Whether it knows this architecture and these block types; from the card alone."""

    def load(
        self, checkpoint: Checkpoint, *, context_tokens: int = 0, kv_type: str = "f16", n_threads: int = 0
    ) -> Work[Any]:  # A session: the chat's protocol, defined by the engine's inference.
        """Prepare a session on ``checkpoint``; 0 means the backend chooses."""


def encode(
    weights: npt.NDArray[np.float32],
    block_type: BlockType,
    importance: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.uint8]:
    """Encode float32[rows, columns] into uint8[rows, row_bytes], byte for byte as ggml does.

    ``importance`` float32[columns] weighs the columns' errors; None for equal weights.
    """
    from octavo.engine.blocks.codec import encode as encode_rows

    return encode_rows(weights, block_type, importance)


def decode(blocks: npt.NDArray[np.uint8], block_type: BlockType) -> npt.NDArray[np.float32]:
    """Decode uint8[rows, row_bytes] into float32[rows, columns]."""
    from octavo.engine.blocks.codec import decode as decode_rows

    return decode_rows(blocks, block_type)
