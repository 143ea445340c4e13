"""The table of the Fit page: the model as it is, and as each quantizer would make it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.errors import OctavoError
from octavo.engine.estimate.file_size import predicted_bytes
from octavo.engine.estimate.memory import estimate_memory, largest_context
from octavo.engine.estimate.speed import tokens_per_second
from octavo.engine.estimate.verdict import FITS_SHARE, Verdict, readable_bytes, readable_tokens, verdict
from octavo.engine.hardware.memory import MemoryPool
from octavo.engine.quantize.quantizer import Plan, Quantizer

AS_IT_IS = "as it is"


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


def fit_rows(
    card: ModelCard,
    quantizers: Sequence[Quantizer],
    *,
    context_tokens: int,
    kv_type: str = "f16",
    pools: Sequence[MemoryPool],
    n_threads: int = 1,
    bandwidth: float = 0.0,
) -> list[FitRow]:
    """Price the model as it is and under each quantizer's default options; pure arithmetic.

    Parameters
    ----------
    pools : sequence of MemoryPool
        The first of kind ``ram`` counts.
    bandwidth : float
        Bytes per second, from `hardware.bandwidth`; 0 if not known yet.
    """
    desk = _Desk(card, context_tokens, kv_type, available_bytes(pools), n_threads, bandwidth)
    candidates: list[tuple[str, Plan | None, str]] = [(AS_IT_IS, None, "")]
    for quantizer in quantizers:
        try:
            candidates.append((quantizer.name, quantizer.plan(card.tensors, default_options(quantizer)), ""))
        except OctavoError as error:  # one broken plugin costs one row
            candidates.append((quantizer.name, None, str(error)))
    return desk.rows(candidates)


def available_bytes(pools: Sequence[MemoryPool]) -> int:
    """Free bytes of the main memory; 0 without one."""
    return next((pool.free_bytes for pool in pools if pool.kind == "ram"), 0)


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
    n_threads: int
    bandwidth: float

    def rows(self, candidates: Sequence[tuple[str, Plan | None, str]]) -> list[FitRow]:
        priced = [self._priced(*candidate) for candidate in candidates]
        fitting = [row for row in priced if row.total_bytes and self._weigh(row).name != "too large"]
        # The best of what fits is the largest: it keeps most of the model.
        best = max(fitting, key=lambda row: row.total_bytes, default=None)
        return [
            self._judged(row, plan, best) if row.total_bytes else row
            for row, (_, plan, _) in zip(priced, candidates, strict=True)
        ]

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
        speed = tokens_per_second(self.card, plan, self.bandwidth) if self.bandwidth else None
        return FitRow(
            name,
            as_file,
            memory.weights_bytes,
            memory.kv_bytes,
            memory.working_bytes,
            memory.program_bytes,
            memory.total_bytes,
            speed,
        )

    def _judged(self, row: FitRow, plan: Plan | None, best: FitRow | None) -> FitRow:
        found = self._weigh(row)
        if found.name == "too large":
            found = verdict(row.total_bytes, self.available, self._ways_out(plan, best))
        return replace(row, verdict=found.name, sentence=found.sentence)

    def _weigh(self, row: FitRow) -> Verdict:
        return verdict(row.total_bytes, self.available)

    def _ways_out(self, plan: Plan | None, best: FitRow | None) -> list[str]:
        ways = []
        shorter = largest_context(
            self.card,
            plan,
            int(FITS_SHARE * self.available),
            kv_type=self.kv_type,
            n_threads=self.n_threads,
        )
        if 0 < shorter < self.context_tokens:
            total = estimate_memory(
                self.card, plan, context_tokens=shorter, kv_type=self.kv_type, n_threads=self.n_threads
            ).total_bytes
            ways.append(f"{readable_tokens(shorter)} context ({readable_bytes(total)})")
        if best is not None:
            ways.append(f"{best.quantizer} ({readable_bytes(best.total_bytes)})")
        return ways
