"""What a quantizer is: it plans from shapes alone, and encodes rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from octavo.engine.blocks.types import BlockType
from octavo.engine.checkpoint.model import Checkpoint, TensorInfo
from octavo.engine.quantize.calibration import Calibration

if TYPE_CHECKING:  # The window plans without numpy.
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class Search:
    """What a quantizer's own calibration does for every product of activations with matrices, for the forecast.

    Parameters
    ----------
    trials : int
        How many scales are tried, each with the moments factored anew.
    tried_rows : float
        The share of the rows that is rounded in a trial, knowing the moments.
    group : int
        Weights that share a scale in a trial; 0 for as many as in the result.
    feedback : bool
        Whether rows are rounded knowing the moments in the end.
    """

    trials: int = 0
    tried_rows: float = 0.25
    group: int = 0
    feedback: bool = True


@dataclass(frozen=True)
class Plan:
    """Which block type every tensor gets, in the order in which they are written.

    Parameters
    ----------
    types : dict of str to BlockType
        Tensor name to its type in the result; the order is the file's order.
    file_type : int or None
        ``general.file_type`` of the result (``llama.h``, enum ``llama_ftype``).
    fallbacks : dict of str to str
        Tensors that could not get the type meant for them, with the reason in a few words.
    compatible : bool
        Whether the whole file is to be what ``llama-quantize`` writes: nothing in it tells of its making.
    layout : str
        How a folder is laid out instead of a GGUF: ``awq`` or ``compressed-tensors``; empty for a GGUF.
    group : int
        Weights that share a scale in such a folder.
    calibration_windows : int
        How many windows of text, run through every layer, the quantizer's own calibration is worth; 0 for none.
        Only a `CalibratedQuantizer` may ask for some.
    search : Search
        What that calibration does beside.
    """

    types: Mapping[str, BlockType]
    file_type: int | None = None
    fallbacks: Mapping[str, str] = field(default_factory=dict)
    compatible: bool = False
    layout: str = ""
    group: int = 0
    calibration_windows: int = 0
    search: Search = Search()

    def tensor_bytes(self, tensors: Sequence[TensorInfo]) -> int:
        """Bytes of all tensors under this plan, without padding."""
        return sum(t.rows * self.types[t.name].row_bytes(t.columns) for t in tensors)


class Quantizer(Protocol):
    """One way to make a model smaller; a plugin returns these from its ``quantizers`` hook.

    Each field of its ``Options`` is a control of the window and a ``--set`` of the commands. It is of the type
    ``bool``, ``int``, ``float``, ``str`` or a ``Literal`` of texts, and its ``metadata`` may hold ``label`` and
    ``help`` (texts), ``minimum`` and ``maximum`` (of numbers; the window's least is else 0), and ``holds``, which says
    what a text is: ``path`` (of a file) or ``tensor types`` (rules such as ``token_embd=Q8_0``). What its
    ``__post_init__`` refuses with ``ValueError`` is told to people.

    Attributes
    ----------
    name : str
        What people type and see: ``Q4_K_M``.
    summary : str
        One sentence for the window.
    format : str
        The container that it writes: ``gguf``.
    Options : type or None
        A frozen dataclass with a default for each field.
    """

    name: str
    summary: str
    format: str
    Options: type | None

    def plan(self, tensors: Sequence[TensorInfo], options: Any) -> Plan:
        """Choose a type for every tensor; pure, and instant.

        Parameters
        ----------
        options : object
            An instance of the quantizer's own ``Options``; None where it has none, or means the defaults.
        """

    def encode(
        self,
        weights: npt.NDArray[np.float32],
        block_type: BlockType,
        importance: npt.NDArray[np.float32] | None,
    ) -> npt.NDArray[np.uint8]:
        """Encode float32[rows, columns] into uint8[rows, row_bytes] of ``block_type``.

        Called from several threads at once, each with rows of its own. ``importance`` float32[columns] weighs the
        errors of columns, None weighs them all the same.
        """


@runtime_checkable
class CalibratedQuantizer(Quantizer, Protocol):
    """A quantizer that looks at what text does in the model before it rounds.

    A plan of its own with ``calibration_windows`` asks for the calibration; without, rows go to ``encode``.
    """

    def calibration(self, source: Checkpoint, plan: Plan, options: Any, n_threads: int) -> Calibration:
        """What is asked for the encoder of every tensor, in the order of the file; quick: text runs later.

        Parameters
        ----------
        source : Checkpoint
            Stays open until the calibration is closed.
        options : object
            An instance of the quantizer's own ``Options``, or None.
        n_threads : int
            0 for all usable cores.
        """
