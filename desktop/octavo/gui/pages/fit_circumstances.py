"""What the figures of the Fit page were worked out for, and the words that they have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.hardware.pools import MemoryPool
from octavo.gui.forecaster import Forecast
from octavo.gui.wording import duration
from octavo.store.ledger import Band
from octavo.worker.protocol import Failed

_PLURALS = {
    "memory_bytes": "replies",
    "loading_bytes": "loads",
    "tokens_per_second": "replies",
    "prefill_tokens_per_second": "prompts",
    "load_seconds": "loads",
    "convert_seconds": "conversions",
}


@dataclass(frozen=True)
class Circumstances:
    """What the figures were worked out for.

    Parameters
    ----------
    basis : str
        Where speeds come from: ``measured`` with these threads, ``scaled`` from others, ``memory``'s bandwidth alone,
        or empty while nothing is known.
    busy : float
        The share of the processor that other programs used while it was timed.
    """

    card: ModelCard
    context_tokens: int
    kv_type: str
    n_threads: int
    depth: int
    prompt_tokens: int
    ram: MemoryPool
    basis: str = ""
    busy: float = 0.0
    bands: Mapping[str, Band] = field(default_factory=dict)
    conversion: Forecast | Failed | None = None


def band_words(bands: Mapping[str, Band], kind: str) -> str:
    """``±6 %, 14 replies``; empty until three were measured."""
    band = bands.get(kind)
    if band is None:
        return ""
    return f"±{100 * band.within:.0f} %, {band.n_entries} {_PLURALS[kind]}"


def band_sentence(bands: Mapping[str, Band], kind: str) -> str:
    """How near the estimates have been here; empty until three were measured."""
    band = bands.get(kind)
    if band is None:
        return ""
    return (
        f" Of {band.n_entries} {_PLURALS[kind]} here, nine in ten were within {100 * band.within:.0f} % of the "
        f"estimate; all were {100 * band.least:.0f} to {100 * band.greatest:.0f} % of it."
    )


def threads(n_threads: int) -> str:
    """``2 threads``."""
    return "1 thread" if n_threads == 1 else f"{n_threads} threads"


def seconds(value: float) -> str:
    """``0.24 s``, ``3.1 s``, ``1 min 12 s``."""
    if value < 0.0995:
        return f"{1000 * value:.0f} ms"
    if value < 0.995:
        return f"{value:.2f} s"
    return f"{value:.1f} s" if value < 9.95 else duration(value)


def ms(value: float) -> str:
    """``3.6 ms``, or as `seconds` has it."""
    return f"{1000 * value:.1f} ms" if value < 0.0995 else seconds(value)
