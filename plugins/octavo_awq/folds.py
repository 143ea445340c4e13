"""Where the scale of a product's inputs can go: into the operation before it.

====================  =====================  ===========================================================
product               operation before it    how
====================  =====================  ===========================================================
query, key, value     the norm               its weights are divided (GGUF holds gemma's with the 1 added)
gate and up           the norm               its weights are divided
down                  up                     its rows are divided (the last ones where gate and up are one)
experts' gate and up  the norm               its weights are divided, and the router's columns multiplied
expert's down         that expert's up       its rows are divided
attention's output    value                  its rows are divided, only where each query has its own value
====================  =====================  ===========================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from octavo.api import Checkpoint

_BEFORE = {"ffn_down": "ffn_up", "ffn_down_exps": "ffn_up_exps", "attn_output": "attn_v"}


@dataclass(frozen=True)
class Fold:
    """The tensor that takes the scale.

    Parameters
    ----------
    name : str
    is_norm : bool
        Whether it is a norm; else a matrix, whose last rows are divided.
    n_rows : int
        Of the matrix; of all experts together.
    """

    name: str
    is_norm: bool
    n_rows: int = 0


def folds(source: Checkpoint, tensors: Sequence[str], norm: str) -> Fold | None:
    """Where the scale of this product's inputs goes; None if nowhere."""
    if norm:
        return Fold(norm, True)
    layer, _, kind = tensors[0].removesuffix(".weight").rpartition(".")
    before, own = source.tensor(f"{layer}.{_BEFORE.get(kind, '')}.weight"), source.tensor(tensors[0])
    if before is None or own is None:
        return None
    if kind == "attn_output" and before.rows != own.columns:
        return None
    return Fold(before.name, False, before.rows)
