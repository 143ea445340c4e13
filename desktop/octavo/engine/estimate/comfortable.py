"""What size of model is comfortable on a computer, before any is chosen: parameters that fit, and that are quick."""

from __future__ import annotations

from dataclasses import dataclass

from octavo.engine.estimate.verdict import RUNS_WELL_SHARE

COMFORTABLE_SPEED = 10.0
"""Tokens per second: about twice as fast as people read."""
_BYTES_PER_PARAMETER = 4.85 / 8  # Q4_K_M of 7 B to 70 B models, by their files
_MEMORY_PER_WEIGHT = 1.2  # KV cache of some thousand tokens and buffers, beside the weights
_PROGRAM_BYTES = 150_000_000
_SPEED_SHARE = 0.8  # of the bandwidth, which decoding of large models reaches


@dataclass(frozen=True)
class Comfortable:
    """Parameters of the largest models in Q4_K_M that run well in the free memory, and that are quick besides.

    ``quick`` is 0 while the bandwidth is not known; it is never more than ``fitting``.
    """

    fitting: int
    quick: int


def comfortable(free_bytes: int, bandwidth: float) -> Comfortable:
    """Weigh the free memory and its bandwidth in bytes per second, 0 for not known.

    Decoding reads every weight once for each token, so that bandwidth / bytes bounds tokens per second.
    """
    room = max(RUNS_WELL_SHARE * free_bytes - _PROGRAM_BYTES, 0.0)
    fitting = room / (_MEMORY_PER_WEIGHT * _BYTES_PER_PARAMETER)
    quick = _SPEED_SHARE * bandwidth / (COMFORTABLE_SPEED * _BYTES_PER_PARAMETER)
    return Comfortable(int(fitting), int(min(quick, fitting)))
