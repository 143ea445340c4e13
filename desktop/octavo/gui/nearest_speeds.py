"""The speeds to price with where another number of threads was measured than is asked for."""

from __future__ import annotations

from collections.abc import Iterable

from octavo.engine.estimate.speeds import Speeds, scaled


def nearest_speeds(known: Iterable[Speeds], n_threads: int) -> Speeds | None:
    """What was measured with ``n_threads``, or follows from what comes nearest; None before any probe."""
    measured = [each for each in known if each.kinds]
    if not measured:
        return None
    nearest = min(measured, key=lambda each: abs(each.n_threads - n_threads))
    return nearest if nearest.n_threads == n_threads else scaled(nearest, n_threads)
