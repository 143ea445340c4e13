"""Every name that a plugin may use; what is not here may change without notice.

A plugin is a package with an entry point in the group ``octavo``, whose module holds functions marked
``@hookimpl`` (see ``octavo.plugin.spec`` for the hooks) and ``api_version = 1``. Importing this module is
cheap: codecs and numpy are imported when they are first used.

A quantizer that runs text through the model before it rounds is a `CalibratedQuantizer`; `layer_run` shows what goes
into every matrix, `feedback_encoder` and `group_rounder` round knowing that. The plugin ``octavo_awq`` uses them all.
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
from octavo.engine.quantize.calibration import Calibration, RowEncoder
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
from octavo.engine.quantize.quantizer import CalibratedQuantizer, Plan, Quantizer, Search
from octavo.engine.quantize.tensor_roles import file_order, layer_number, may_shrink, role

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from octavo.engine.calibrate.layer_run import LayerRun
    from octavo.engine.calibrate.layer_run import Seen as Seen
    from octavo.engine.calibrate.routed import RoutedInputs as RoutedInputs

    # float32[rows, columns] -> codes uint8[rows, columns], scales and zero points [rows, groups].
    GroupRounder = Callable[
        [npt.NDArray[np.float32]],
        tuple[npt.NDArray[np.uint8], npt.NDArray[np.float16], npt.NDArray[np.uint8]],
    ]

API_VERSION = 1

hookimpl = pluggy.HookimplMarker("octavo")

__all__ = [
    "API_VERSION",
    "Backend",
    "BlockType",
    "CalibratedQuantizer",
    "Calibration",
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
    "RowEncoder",
    "Search",
    "TensorInfo",
    "UnreadableModel",
    "UnsupportedModel",
    "Upgrade",
    "Work",
    "always",
    "block_type",
    "decode",
    "encode",
    "expert_encoder",
    "feedback_encoder",
    "file_order",
    "first",
    "first_share",
    "group_rounder",
    "hookimpl",
    "int4_blocks",
    "layer_number",
    "layer_run",
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


def layer_run(
    checkpoint: Checkpoint, text: str = "", *, n_samples: int = 2, weighted: bool = False, n_threads: int = 0
) -> LayerRun:
    """Run text through ``checkpoint`` layer by layer; see ``octavo.engine.calibrate.layer_run``."""
    from octavo.engine.calibrate.layer_run import LayerRun

    return LayerRun(checkpoint, text, n_samples, weighted=weighted, n_threads=n_threads)


def expert_encoder(
    rows_of_expert: int, encoder_of: Callable[[int], RowEncoder], n_threads: int = 0
) -> RowEncoder:
    """The encoder of a tensor of stacked experts, from those of each, which are made when their rows come."""
    from octavo.engine.calibrate.expert_encoder import ExpertEncoder
    from octavo.engine.hardware.cores import usable_threads

    return ExpertEncoder(rows_of_expert, encoder_of, (n_threads or usable_threads()) + 2)


def feedback_encoder(
    block_type: BlockType, moments: npt.NDArray[np.float32], scale: npt.NDArray[np.float32] | None = None
) -> RowEncoder:
    """The encoder of a matrix whose inputs have the second moments float32[columns, columns].

    Later columns make up for the errors of earlier ones where the type's grid is known, else the mean squares of the
    columns weigh their errors.

    Parameters
    ----------
    scale : float32[columns], optional
        What the inputs are divided by before the matrix.
    """
    import numpy as np

    from octavo.engine.calibrate.best import DAMPING
    from octavo.engine.calibrate.feedback import can_feed_back, encode_with_feedback, feedback_in_place
    from octavo.engine.calibrate.int4_feedback import scaled_moments

    if not can_feed_back(block_type):
        squares = np.diag(moments) if scale is None else np.diag(moments) / scale**2
        importance = np.ascontiguousarray(squares, np.float32)
        return lambda weights, _: encode(weights, block_type, importance)
    scaled = scaled_moments(moments, scale)
    feedback = feedback_in_place(scaled, np.diag(scaled).copy(), DAMPING)
    return lambda weights, _: encode_with_feedback(weights, block_type, feedback)


def group_rounder(
    moments: npt.NDArray[np.float32],
    group: int,
    scale: npt.NDArray[np.float32] | None = None,
    *,
    symmetric: bool,
    clips: bool = True,
) -> GroupRounder:
    """What rounds rows of a matrix, whose inputs have the second moments, to groups of 4 bits that share a scale.

    Codes, scales and zero points are settled together so that the outputs change least; see
    ``octavo.engine.calibrate.int4_feedback``. The rounder may be called from several threads at once.

    Parameters
    ----------
    moments : float32[columns, columns]
    group : int
        A multiple of 32 that divides the columns.
    scale : float32[columns], optional
        What the inputs are divided by before the matrix.
    symmetric : bool
        Whether all zero points are 8.
    clips : bool
        Whether the largest weights may be cut.
    """
    from octavo.engine.calibrate.best import DAMPING
    from octavo.engine.calibrate.int4_feedback import make_coupling, round_groups, scaled_moments

    coupling = make_coupling(scaled_moments(moments, scale), DAMPING)
    return lambda weights: round_groups(weights, group, coupling, symmetric=symmetric, clips=clips)


def int4_blocks(
    q: npt.NDArray[np.uint8], scales: npt.NDArray[np.float16], zeros: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    """Blocks of ``INT4_G32``, ``_G64`` or ``_G128`` from codes [rows, columns], scales and zeros [rows, groups]."""
    from octavo.engine.blocks.int4_groups import pack

    return pack(q, scales, zeros)
