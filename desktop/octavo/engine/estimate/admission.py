"""The gate before a model is loaded: refused with figures rather than ended by the system."""

from __future__ import annotations

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.errors import NotEnoughMemory
from octavo.engine.estimate.memory import estimate_memory, largest_context
from octavo.engine.estimate.verdict import FITS_SHARE, readable_tokens, told_apart


def require_memory(
    card: ModelCard, *, context_tokens: int, available_bytes: int, kv_type: str = "f16", n_threads: int = 1
) -> int:
    """Return the bytes that the model will take; refuse if they exceed 90 % of what is available.

    Raises
    ------
    NotEnoughMemory
        With the figures, and a shorter context if one would fit.
    """
    estimate = estimate_memory(
        card, None, context_tokens=context_tokens, kv_type=kv_type, n_threads=n_threads
    )
    allowed = int(FITS_SHARE * available_bytes)
    if estimate.total_bytes <= allowed:
        return estimate.total_bytes
    shorter = largest_context(card, None, allowed, kv_type=kv_type, n_threads=n_threads)
    hint = (
        f"Use a context of {readable_tokens(shorter)} tokens or less."
        if shorter
        else "Choose a smaller format or a smaller model, or close other programs."
    )
    needed, free = told_apart(estimate.total_bytes, available_bytes)
    share = f", of which it may take {FITS_SHARE:.0%}" if estimate.total_bytes <= available_bytes else ""
    raise NotEnoughMemory(
        f"The model needs {needed} of memory with a context of {readable_tokens(context_tokens)} tokens, "
        f"{free} are free{share}.",
        hint,
        needed=estimate.total_bytes,
        available=available_bytes,
    )
