"""The table of the Fit page: the model as it is, and as each quantizer would make it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.errors import OctavoError
from octavo.engine.estimate.file_size import predicted_bytes
from octavo.engine.estimate.graphics import GraphicsFit, graphics_fits
from octavo.engine.estimate.memory import context_bytes, estimate_memory, longest_context, taken_bytes
from octavo.engine.estimate.program import loading_bytes
from octavo.engine.estimate.speed import SpeedEstimator, SpeedForecast, tokens_per_second
from octavo.engine.estimate.speeds import Speeds
from octavo.engine.estimate.verdict import (
    FITS_SHARE,
    RUNS_WELL_SHARE,
    readable_bytes,
    readable_tokens,
    verdict,
)
from octavo.engine.hardware.pools import MemoryPool
from octavo.engine.quantize.quantizer import Plan, Quantizer

AS_IT_IS = "as it is"
# With fewer tokens nobody can chat: no way out.
_LEAST_CONTEXT = 1024


@dataclass(frozen=True)
class FitRow:
    """One way to run the model.

    Parameters
    ----------
    quantizer : str
        Its name, or ``as it is``.
    file_bytes : int
        Exact.
    weights_bytes, kv_bytes, working_bytes, program_bytes, total_bytes : int
        Estimated memory; 0 where the verdict is ``unknown``.
    tokens_per_second : float or None
        An estimate; None while the memory's bandwidth is not known.
    verdict : str
        ``runs well``, ``tight``, ``too large``, or ``unknown``.
    sentence : str
        Why, and the next step.
    prefill_tokens_per_second, load_seconds : float or None
        Estimates; None until the kernels were probed.
    loading_bytes : int
        The most memory that is held until the model is ready, kernels compiled.
    largest_context : int
        The longest with which it runs well, tokens; 0 if none does.
    graphics : tuple of GraphicsFit
        For each graphics memory, what of the file other programs could put there; then for several together.
    speed : SpeedForecast or None
        How the speeds were worked out; None until the kernels were probed.
    """

    quantizer: str
    file_bytes: int
    weights_bytes: int = 0
    kv_bytes: int = 0
    working_bytes: int = 0
    program_bytes: int = 0
    total_bytes: int = 0
    tokens_per_second: float | None = None
    verdict: str = "unknown"
    sentence: str = ""
    prefill_tokens_per_second: float | None = None
    load_seconds: float | None = None
    loading_bytes: int = 0
    largest_context: int = 0
    graphics: tuple[GraphicsFit, ...] = ()
    speed: SpeedForecast | None = None


def fit_rows(
    card: ModelCard,
    quantizers: Sequence[Quantizer],
    *,
    context_tokens: int,
    kv_type: str = "f16",
    pools: Sequence[MemoryPool],
    n_threads: int = 1,
    bandwidth: float = 0.0,
    speeds: Speeds | None = None,
    depth: int = 0,
) -> list[FitRow]:
    """Price the model as it is and under each quantizer's default options; pure arithmetic.

    Parameters
    ----------
    pools : sequence of MemoryPool
        The first of kind ``ram`` counts; those of kind ``vram`` are priced for other programs.
    bandwidth : float
        Bytes per second, from `hardware.bandwidth`; counts while ``speeds`` is not known; 0 if not known either.
    speeds : Speeds, optional
        From a probe of the kernels.
    depth : int
        Tokens in the cache for which the speed is wanted.
    """
    estimator = None
    if speeds:
        estimator = SpeedEstimator(card, speeds, depth=depth, kv_type=kv_type, context_tokens=context_tokens)
    graphics = [pool for pool in pools if pool.kind == "vram"]
    ram = _main_memory(pools)
    held = ram.held_by_others_bytes
    desk = _Desk(
        card, context_tokens, kv_type, ram.free_bytes, held, n_threads, bandwidth, estimator, graphics
    )
    candidates: list[tuple[str, Plan | None, str]] = [(AS_IT_IS, None, "")]
    for quantizer in quantizers:
        try:
            candidates.append((quantizer.name, quantizer.plan(card.tensors, default_options(quantizer)), ""))
        except OctavoError as error:  # one broken plugin costs one row
            candidates.append((quantizer.name, None, str(error)))
    return desk.rows(candidates)


def available_bytes(pools: Sequence[MemoryPool]) -> int:
    """Free bytes of the main memory; 0 without one."""
    return _main_memory(pools).free_bytes


def _main_memory(pools: Sequence[MemoryPool]) -> MemoryPool:
    return next((pool for pool in pools if pool.kind == "ram"), MemoryPool("", "ram", 0, 0))


def default_options(quantizer: Quantizer) -> Any:  # an instance of the quantizer's own Options, or None
    """The quantizer's options with nothing chosen."""
    return quantizer.Options() if quantizer.Options is not None else None


@dataclass(frozen=True)
class _Desk:
    """What all rows are priced with."""

    card: ModelCard
    context_tokens: int
    kv_type: str
    available: int
    held: int
    n_threads: int
    bandwidth: float
    estimator: SpeedEstimator | None
    graphics: Sequence[MemoryPool]
    flexible: dict[int, int] = field(default_factory=dict)

    def rows(self, candidates: Sequence[tuple[str, Plan | None, str]]) -> list[FitRow]:
        priced = [self._priced(*candidate) for candidate in candidates]
        return [self._judged(row, priced) if row.total_bytes else row for row in priced]

    def _priced(self, name: str, plan: Plan | None, problem: str) -> FitRow:
        as_file = self.card.file_bytes if plan is None else predicted_bytes(self.card, plan)
        if problem:
            return FitRow(name, 0, sentence=problem)
        try:
            memory = estimate_memory(
                self.card,
                plan,
                context_tokens=self.context_tokens,
                kv_type=self.kv_type,
                n_threads=self.n_threads,
            )
        except OctavoError as error:  # said in the row: the others can still be priced
            return FitRow(name, as_file, sentence=str(error))
        row = FitRow(
            name,
            as_file,
            memory.weights_bytes,
            memory.kv_bytes,
            memory.working_bytes,
            memory.program_bytes,
            memory.total_bytes,
            loading_bytes=loading_bytes(
                self.card, memory.weights_bytes, self.n_threads, taken_bytes=self._taken
            ),
            graphics=graphics_fits(
                self.card, plan, self.graphics, context_tokens=self.context_tokens, kv_type=self.kv_type
            ),
        )
        row = replace(row, largest_context=self._largest(row, RUNS_WELL_SHARE))
        return self._timed(row, plan)

    def _timed(self, row: FitRow, plan: Plan | None) -> FitRow:
        if self.estimator is not None:
            found = self.estimator.forecast(plan)
            return replace(
                row,
                tokens_per_second=found.decode,
                prefill_tokens_per_second=found.prefill,
                load_seconds=found.load_seconds,
                speed=found,
            )
        speed = tokens_per_second(self.card, plan, self.bandwidth) if self.bandwidth else None
        return replace(row, tokens_per_second=speed)

    def _largest(self, row: FitRow, share: float) -> int:
        fixed = row.weights_bytes + row.program_bytes
        allowed = int(share * self.available)
        return longest_context(self.card, lambda tokens: fixed + self._flexible(tokens), allowed)

    def _flexible(self, context_tokens: int) -> int:
        """Bytes that depend on the context; the same under all plans."""
        if context_tokens not in self.flexible:
            self.flexible[context_tokens] = context_bytes(
                self.card, context_tokens, kv_type=self.kv_type, n_threads=self.n_threads
            )
        return self.flexible[context_tokens]

    @cached_property
    def _taken(self) -> int:
        return taken_bytes(self.card, self.context_tokens, kv_type=self.kv_type, n_threads=self.n_threads)

    def _judged(self, row: FitRow, rows: Sequence[FitRow]) -> FitRow:
        found = verdict(row.total_bytes, self.available)
        if found.name != "runs well":
            wanted = FITS_SHARE if found.name == "too large" else RUNS_WELL_SHARE
            found = verdict(row.total_bytes, self.available, self._ways_out(row, rows, wanted), self.held)
        return replace(row, verdict=found.name, sentence=found.sentence)

    def _ways_out(self, row: FitRow, rows: Sequence[FitRow], share: float) -> list[str]:
        """A shorter context, and the best format, that take this share of what is free at most."""
        ways = []
        shorter = _round_below(self._largest(row, share))
        if min(_LEAST_CONTEXT, self.context_tokens // 2) <= shorter < self.context_tokens and shorter:
            total = row.weights_bytes + row.program_bytes + self._flexible(shorter)
            ways.append(f"a context of {readable_tokens(shorter)} ({readable_bytes(total)})")
        fitting = [each for each in rows if 0 < each.total_bytes <= share * self.available]
        if fitting:
            # The best of what fits is the largest: it keeps most of the model.
            best = max(fitting, key=lambda each: each.total_bytes)
            name = "the model as it is" if best.quantizer == AS_IT_IS else best.quantizer
            ways.append(f"{name} ({readable_bytes(best.total_bytes)})")
        return ways


def _round_below(context_tokens: int) -> int:
    """A context that reads well, if it is a long one."""
    return context_tokens - context_tokens % 1024 if context_tokens >= 8192 else context_tokens
