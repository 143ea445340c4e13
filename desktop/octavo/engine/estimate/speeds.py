"""What a probe found of this computer's speed with each kind of weights; kept until asked to probe again."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from octavo import __version__
from octavo.engine.folders import cache_folder
from octavo.engine.hardware.bandwidth import Curve
from octavo.engine.hardware.cores import processor_name
from octavo.engine.simd.tier import active_tier


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
        For each byte of the file while loading, in one thread.
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
    """

    n_threads: int
    bandwidth: Curve
    layer: float = 0.0
    column: float = 0.0
    kinds: dict[str, KindSpeed] = field(default_factory=dict)
    caches: dict[str, CacheSpeed] = field(default_factory=dict)

    def with_kind(self, name: str, speed: KindSpeed) -> Speeds:
        """The same, knowing one kind more."""
        return replace(self, kinds=self.kinds | {name: speed})


def known_speeds(n_threads: int) -> Speeds | None:
    """What an earlier probe of this computer by this version found; None without one."""
    try:
        memo = json.loads(_memo_file().read_text())
        if memo["machine"] != _machine(n_threads):
            return None
        found = memo["speeds"]
        return Speeds(
            n_threads=n_threads,
            bandwidth=[(int(size), float(speed)) for size, speed in found["bandwidth"]],
            layer=float(found["layer"]),
            column=float(found["column"]),
            kinds={name: KindSpeed(**values) for name, values in found["kinds"].items()},
            caches={name: CacheSpeed(**values) for name, values in found["caches"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # never probed, or damaged
        return None


def keep_speeds(speeds: Speeds) -> None:
    """Remember them; where that cannot be, they are probed again next time."""
    memo = {"machine": _machine(speeds.n_threads), "speeds": asdict(speeds)}
    with contextlib.suppress(OSError):
        _memo_file().write_text(json.dumps(memo))


def _machine(n_threads: int) -> str:
    return f"{processor_name()}, {n_threads} threads, {active_tier().name}, {__version__}"


def _memo_file() -> Path:
    return cache_folder() / "speeds.json"
