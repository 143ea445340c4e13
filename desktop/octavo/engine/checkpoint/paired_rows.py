"""The one place where GGUF orders rows otherwise than Hugging Face does: llama's queries and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def paired_rows(head: int, first_row: int, n_rows: int) -> npt.NDArray[np.int64]:
    """Where rows of llama's q and k come from: each head's two halves are interleaved.

    transformers rotates row i of a head together with row i + head / 2, GGUF's llama rows 2 i and 2 i + 1.
    """
    import numpy as np

    row = np.arange(first_row, first_row + n_rows)
    inside = row % head
    return row - inside + inside % 2 * (head // 2) + inside // 2


def unpaired(rows: npt.NDArray[Any], n_heads: int) -> npt.NDArray[Any]:
    """The rows of llama's q or k, or the numbers of its bias, in Hugging Face's order again."""
    import numpy as np

    turned = np.empty_like(rows)
    turned[paired_rows(len(rows) // n_heads, 0, len(rows))] = rows
    return turned
