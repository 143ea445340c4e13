"""The commands that load a model without chatting refuse what does not fit, as chat does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from octavo.engine.checkpoint.model import ModelCard


def require_room(
    card: ModelCard, *, context_tokens: int, kv_type: str = "f16", threads: int = 0, extra_bytes: int = 0
) -> None:
    """Raise ``NotEnoughMemory`` if the model and ``extra_bytes`` for its results do not fit."""
    from octavo.engine.estimate.admission import require_memory
    from octavo.engine.hardware.cores import usable_threads
    from octavo.engine.hardware.memory import main_memory

    require_memory(
        card,
        context_tokens=context_tokens,
        available_bytes=max(0, main_memory().free_bytes - extra_bytes),
        kv_type=kv_type,
        n_threads=threads or usable_threads(),
    )
