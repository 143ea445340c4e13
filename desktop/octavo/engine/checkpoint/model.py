"""What a checkpoint is, whatever container it came in.

Every container is shown in GGUF's terms: tensors carry GGUF names and row orders, metadata GGUF keys.
A Hugging Face folder is translated while it is read, so nothing above this folder sees two dialects.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from octavo.engine.blocks.types import BlockType

if TYPE_CHECKING:  # The window describes models without numpy.
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class TensorInfo:
    """One tensor as it would stand in a GGUF file.

    Parameters
    ----------
    name : str
        GGUF name, for example ``blk.0.attn_q.weight``.
    shape : tuple of int
        Slowest dimension first (numpy's order): ``(rows, columns)``, ``(experts, rows, columns)``, ``(columns,)``.
    block_type : BlockType
        How its weights lie in the source.
    """

    name: str
    shape: tuple[int, ...]
    block_type: BlockType

    @property
    def columns(self) -> int:
        """Weights in a row."""
        return self.shape[-1]

    @property
    def rows(self) -> int:
        """Rows, those of all experts together."""
        return math.prod(self.shape[:-1])

    @property
    def n_weights(self) -> int:
        """Weights in all."""
        return math.prod(self.shape)

    @property
    def is_matrix(self) -> bool:
        """Whether it has more than one dimension."""
        return len(self.shape) > 1

    @property
    def is_expert(self) -> bool:
        """Whether it holds experts, of which a token uses a few: ``blk.0.ffn_up_exps.weight``."""
        return "_exps." in self.name and len(self.shape) == 3

    @property
    def n_bytes(self) -> int:
        """Bytes in the source's block type."""
        return self.rows * self.block_type.row_bytes(self.columns)

    def count_rows(self, first_row: int = 0, n_rows: int | None = None) -> int:
        """How many rows ``n_rows`` from the first one on are, None being all that follow.

        Raises
        ------
        ValueError
            There are not as many.
        """
        count = self.rows - first_row if n_rows is None else n_rows
        if first_row < 0 or count < 0 or first_row + count > self.rows:
            raise ValueError(f"{self.name} has no rows {first_row} to {first_row + count}")
        return count


@dataclass(frozen=True)
class Field:
    """One metadata value with its GGUF type, so that a copy is exact.

    Parameters
    ----------
    kind : str
        ``uint8 int8 uint16 int16 uint32 int32 float32 bool string array uint64 int64 float64``.
    value : object
        ``int``, ``float``, ``bool``, ``str`` or, for an array, a list of one of them.
    item_kind : str
        The kind of an array's items, else empty.
    """

    kind: str
    value: Any  # one of the GGUF value types, named by ``kind``
    item_kind: str = ""


@dataclass(frozen=True)
class Hyperparameters:
    """The numbers that give a model its shape, checked at the door.

    Sequences have one entry per layer. ``sliding_window`` 0 means attention to everything; a layer
    uses the window where ``is_local`` says so. Where there are experts, a token goes through ``n_experts_used``
    of them, each ``n_expert_feed_forward`` wide, weighted by the router's probabilities: of the used ones alone
    (``normalizes_experts``) or of all. Queries at position p are multiplied by
    ``1 + query_growth * ln(1 + floor(p / rope_original_context))``.
    """

    architecture: str
    n_layers: int
    n_embedding: int
    n_feed_forward: tuple[int, ...]
    n_heads: tuple[int, ...]
    n_kv_heads: tuple[int, ...]
    key_size: int
    value_size: int
    context_length: int
    n_vocabulary: int
    norm_epsilon: float
    rope_base: float = 10000.0
    rope_base_local: float = 10000.0
    rope_dimensions: int = 0
    rope_scaling: str = ""
    rope_scaling_factor: float = 1.0
    rope_original_context: int = 0
    sliding_window: int = 0
    is_local: tuple[bool, ...] = ()
    attention_scale: float = 0.0
    attention_soft_cap: float = 0.0
    final_soft_cap: float = 0.0
    rope_magnitude: float = 1.0
    rope_fast_turns: float = 32.0
    rope_slow_turns: float = 1.0
    embedding_scale: float = 1.0
    residual_scale: float = 1.0
    logit_scale: float = 1.0
    n_experts: int = 0
    n_experts_used: int = 0
    n_expert_feed_forward: int = 0
    normalizes_experts: bool = True
    query_growth: float = 0.0


@dataclass(frozen=True)
class ModelCard:
    """All that the window needs to describe a model and to price it; no weights.

    Parameters
    ----------
    path : str
    name : str
        What to call it: ``general.name``, else the file's name.
    container : str
        ``gguf`` or ``safetensors``.
    type_name : str
        The quantization the file calls itself (``general.file_type``), or that most of its weights have.
    hyperparameters : Hyperparameters
    tensors : list of TensorInfo
    file_bytes : int
        All files together, bytes.
    tokenizer : str
        ``gpt2``, ``llama`` or another name of ``tokenizer.ggml.model``; empty when there is none.
    has_chat_template : bool
    problems : list of str
        What is odd but no reason to refuse, one sentence each.
    metadata_bytes : int
        Bytes of everything in a GGUF of this model before the tensor data, so that sizes are exact.
    """

    path: str
    name: str
    container: str
    type_name: str
    hyperparameters: Hyperparameters
    tensors: list[TensorInfo]
    file_bytes: int
    tokenizer: str = ""
    has_chat_template: bool = False
    problems: list[str] = field(default_factory=list)
    metadata_bytes: int = 0

    @property
    def n_parameters(self) -> int:
        """Weights in all tensors."""
        return sum(each.n_weights for each in self.tensors)

    @property
    def n_active_parameters(self) -> int:
        """Weights that one token meets: of experts only those of the few that it goes through."""
        model = self.hyperparameters
        if not model.n_experts:
            return self.n_parameters
        idle = model.n_experts - model.n_experts_used
        experts = sum(each.n_weights for each in self.tensors if each.is_expert)
        return self.n_parameters - experts // model.n_experts * idle


class Checkpoint(Protocol):
    """An open model: its card, its metadata, and its weights read on demand."""

    path: Path
    container: str

    @property
    def fields(self) -> Mapping[str, Field]:
        """Metadata under GGUF keys, tokenizer included, in file order."""

    @property
    def tensors(self) -> Sequence[TensorInfo]:
        """All tensors, in file order."""

    @property
    def hyperparameters(self) -> Hyperparameters:
        """The model's shape."""

    @property
    def card(self) -> ModelCard:
        """The description for people and for estimates."""

    def tensor(self, name: str) -> TensorInfo | None:
        """The tensor of that name, or None."""

    def read(self, name: str, first_row: int = 0, n_rows: int | None = None) -> npt.NDArray[np.uint8]:
        """Rows of a tensor as its blocks' bytes, uint8[rows, row_bytes], read by ``readinto``."""

    def files(self) -> Sequence[Path]:
        """The files it was read from."""

    def unchanged(self) -> bool:
        """Whether size, time and inode of every file are still those of the opening."""

    def close(self) -> None:
        """Close the files."""
