"""What a model must pass before it is loaded: kernels for its shape, and memory for it and its context."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from octavo.engine.checkpoint.model import Hyperparameters, ModelCard
from octavo.engine.errors import OctavoError, UnsupportedModel
from octavo.engine.estimate.admission import require_memory
from octavo.engine.estimate.memory import DEFAULT_CONTEXT, default_context
from octavo.engine.estimate.verdict import FITS_SHARE
from octavo.engine.hardware.memory import main_memory

KV_TYPES = ("f16", "q8_0", "f32")
_UNIT = 32  # of widths


def check_shape(shape: Hyperparameters, kv_type: str) -> None:
    """Refuse sizes and KV caches without kernels."""
    if kv_type not in KV_TYPES:
        raise OctavoError(
            f"There is no KV cache of type {kv_type!r}.", f"Choose one of {', '.join(KV_TYPES)}."
        )
    if shape.key_size % _UNIT or shape.value_size % _UNIT or shape.n_embedding % _UNIT:
        raise UnsupportedModel(
            f"Heads of {shape.key_size} and {shape.value_size} and a width of {shape.n_embedding} cannot run yet.",
            f"All must be multiples of {_UNIT}.",
        )


def admitted_context(
    card: ModelCard,
    *,
    context_tokens: int,
    kv_type: str,
    n_threads: int,
    available_bytes: int = 0,
    force: bool = False,
) -> int:
    """The context in tokens, before anything is loaded.

    Parameters
    ----------
    context_tokens : int
        0 for the model's own, at most 8,192, at most what fits.
    available_bytes : int
        0 for the memory that is free now.
    force : bool
        Load even what does not fit.

    Raises
    ------
    NotEnoughMemory
        With the figures, and what would fit.
    """
    own = min(card.hyperparameters.context_length, DEFAULT_CONTEXT)
    if force:
        return context_tokens or own
    available = available_bytes or main_memory().free_bytes
    if not context_tokens:
        allowed = int(FITS_SHARE * available)
        context_tokens = default_context(card, None, allowed, kv_type=kv_type, n_threads=n_threads) or own
    require_memory(
        card,
        context_tokens=context_tokens,
        available_bytes=available,
        kv_type=kv_type,
        n_threads=n_threads,
    )
    return context_tokens


def checked_ids(
    ids: Sequence[int], n_vocabulary: int, n_used: int, context_tokens: int
) -> npt.NDArray[np.int64]:
    """The ids as int64[n]; raises OctavoError for one outside the vocabulary, or too many for the context."""
    values = np.asarray(ids, np.int64).reshape(-1)
    if values.size and (values.min() < 0 or values.max() >= n_vocabulary):
        last = n_vocabulary - 1
        raise OctavoError("A token id is outside the model's vocabulary.", f"Ids go from 0 to {last}.")
    room = context_tokens - n_used
    if values.size > room:
        raise OctavoError(
            f"The text takes {values.size} tokens, and {room} of {context_tokens} are left.",
            "Choose a longer context, or shorten the text.",
        )
    return values
