"""What a probe found of this computer's speed with each kind of weights; kept until asked to probe again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from octavo import __version__
from octavo.engine.folders import recall, remember
from octavo.engine.hardware.bandwidth import Curve
from octavo.engine.hardware.cores import processor_name
from octavo.engine.hardware.interpreter import USUAL_SECONDS
from octavo.engine.simd.tier import active_tier

_MEMO = "speeds-4.json"
BUSY_SHARE = 0.2
"""Of the processors; beside programs that use more of them, what is timed comes out too slow."""


@dataclass(frozen=True)
class KindSpeed:
    """Of weights of one block type; seconds with all threads, where the caches hold what is read.

    Parameters
    ----------
    decode : float
        For each packed byte, one token at a time.
    prefill : float
        For each weight and token, 512 tokens at a time.
    packing : float
        For each byte of the file while loading, in one thread, into memory that was touched before.
    """

    decode: float
    prefill: float
    packing: float


@dataclass(frozen=True)
class CacheSpeed:
    """Of attention over a cache of one type: seconds for each head, position and number of key and value."""

    decode: float
    prefill: float


@dataclass(frozen=True)
class Speeds:
    """All that was probed.

    Parameters
    ----------
    n_threads : int
    bandwidth : list of (int, float)
        See `hardware.bandwidth`.
    layer : float
        Seconds of a layer for one token beside weights and attention: barriers, norms, the interpreter.
    column : float
        Seconds of prefill for each token and column that goes into or comes out of a matrix.
    kinds : dict of str to KindSpeed
        By the block type's name.
    caches : dict of str to CacheSpeed
        By the cache's type.
    fresh_memory : float
        Seconds for each byte of memory that no program has touched, for one thread; see `hardware.fresh_memory`.
    interpreter : float
        Seconds of a fixed piece of Python; see `hardware.interpreter`.
    busy : float
        The share of the processors that other programs used meanwhile; far from 0 the figures are too slow.
    """

    n_threads: int
    bandwidth: Curve
    layer: float = 0.0
    column: float = 0.0
    kinds: dict[str, KindSpeed] = field(default_factory=dict)
    caches: dict[str, CacheSpeed] = field(default_factory=dict)
    fresh_memory: float = 0.0
    interpreter: float = USUAL_SECONDS
    busy: float = 0.0

    @property
    def is_too_slow(self) -> bool:
        """Whether other programs were in the way while it was timed."""
        return self.busy > BUSY_SHARE

    def with_kind(self, name: str, speed: KindSpeed) -> Speeds:
        """The same, knowing one kind more."""
        return replace(self, kinds=self.kinds | {name: speed})


def scaled(speeds: Speeds, n_threads: int) -> Speeds:
    """A guess of what other threads would do, until they are probed: they share the work evenly.

    Fewer threads also bring less from memory at once; more do not bring more.
    """
    share = speeds.n_threads / n_threads
    return Speeds(
        n_threads=n_threads,
        bandwidth=[(size, speed / max(1.0, share)) for size, speed in speeds.bandwidth],
        layer=speeds.layer,
        column=speeds.column * share,
        kinds={
            name: KindSpeed(each.decode * share, each.prefill * share, each.packing)
            for name, each in speeds.kinds.items()
        },
        caches={
            name: CacheSpeed(each.decode * share, each.prefill * share)
            for name, each in speeds.caches.items()
        },
        fresh_memory=speeds.fresh_memory,
        interpreter=speeds.interpreter,
        busy=speeds.busy,
    )


def known_speeds(n_threads: int) -> Speeds | None:
    """What an earlier probe of this computer by this version found; None without one."""
    try:
        found = _memo()[str(n_threads)]
        return Speeds(
            n_threads=n_threads,
            bandwidth=[(int(size), float(speed)) for size, speed in found["bandwidth"]],
            layer=float(found["layer"]),
            column=float(found["column"]),
            kinds={name: KindSpeed(**values) for name, values in found["kinds"].items()},
            caches={name: CacheSpeed(**values) for name, values in found["caches"].items()},
            fresh_memory=float(found["fresh_memory"]),
            interpreter=float(found["interpreter"]),
            busy=float(found["busy"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):  # never probed, or damaged
        return None


def keep_speeds(speeds: Speeds) -> None:
    """Remember them; where that cannot be, they are probed again next time."""
    try:
        others = _memo()
    except (ValueError, KeyError, TypeError):
        others = {}
    memo = {"machine": _machine(), "speeds": {**others, str(speeds.n_threads): asdict(speeds)}}
    remember(_MEMO, memo)


def _memo() -> dict[str, Any]:  # as JSON has it
    """What is remembered of this computer, by the number of threads."""
    memo = recall(_MEMO)
    if memo["machine"] != _machine():
        return {}
    return dict(memo["speeds"])


def _machine() -> str:
    return f"{processor_name()}, {active_tier().name}, {__version__}"
