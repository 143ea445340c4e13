"""A model's quality measured against a reference, window by window of a text.

Both models read the same windows. Where both fit into memory they take turns, so the first figures come after two
windows; else the reference reads all of them first, and what it said waits on the disk.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.errors import NotEnoughMemory
from octavo.engine.estimate.verdict import readable_bytes
from octavo.engine.folders import cache_folder
from octavo.engine.hardware.cores import usable_threads
from octavo.engine.hardware.memory import main_memory
from octavo.engine.inference.session import load_session
from octavo.engine.measure.divergence import ReferenceWindow
from octavo.engine.measure.figures import Figures, Measurement
from octavo.engine.measure.reading import Reader, n_scored
from octavo.engine.measure.reference_cache import ReferenceCache, fingerprint
from octavo.engine.measure.room import KV_TYPE, both_fit
from octavo.engine.measure.summary import WindowScores, summarize
from octavo.engine.measure.text import Windows
from octavo.engine.progress import Progress, Result, Work
from octavo.engine.simd.tier import active_tier
from octavo.engine.stop import Stop

_SECONDS_BETWEEN_FIGURES = 0.5

Measuring = Generator[Progress | Figures, None, Measurement]


def measure(
    model: Checkpoint,
    reference: Checkpoint | None,
    windows: Windows,
    *,
    quantizer: str = "",
    n_threads: int = 0,
    stop: Stop | None = None,
    available_bytes: int = 0,
) -> Measuring:
    """Measure ``model``; a generator that tells how far it is and, from the second window on, what it knows.

    Progress counts tokens read by either model. Closing the generator cancels; ``stop`` does so within a step.

    Parameters
    ----------
    model : Checkpoint
        A file, or what a quantizer would make of one.
    reference : Checkpoint or None
        What to compare with, of the same vocabulary; None measures the perplexity alone.
    quantizer : str
        The name to put into the result.
    available_bytes : int
        Memory of which nine tenths may be taken; 0 for what is free now.

    Raises
    ------
    NotEnoughMemory
        A model does not fit; or both do not, and what the reference says cannot wait on the disk either.
    """
    started = time.perf_counter()
    n_threads = n_threads or usable_threads()
    fit_together = both_fit(
        model.card,
        None if reference is None else reference.card,
        context_tokens=windows.window_tokens,
        n_threads=n_threads,
        available_bytes=available_bytes or main_memory().free_bytes,
    )
    with ThreadPoolExecutor(n_threads, thread_name_prefix="measure") as threads:
        pair = _Pair(model, reference, windows, threads, n_threads, stop or Stop())
        try:
            if not fit_together:
                yield from pair.read_reference_first()
            scores = yield from pair.compare()
        finally:
            pair.close()
    return Measurement(
        figures=summarize(scores),
        model=str(model.path),
        quantizer=quantizer,
        reference="" if reference is None else str(reference.path),
        file_bytes=model.card.file_bytes,
        text=windows.name,
        text_tokens=len(windows.windows) * windows.window_tokens,
        window_tokens=windows.window_tokens,
        reused_windows=pair.n_reused,
        seconds=time.perf_counter() - started,
        window_kl=[float(each.divergence.mean()) for each in scores if each.divergence is not None],
    )


class _Pair:
    """The two models of a measurement, each loaded when it is first needed."""

    def __init__(
        self,
        model: Checkpoint,
        reference: Checkpoint | None,
        windows: Windows,
        threads: Executor,
        n_threads: int,
        stop: Stop,
    ) -> None:
        self.n_reused = 0
        self._model = model
        self._reference = reference
        self._windows = windows
        self._threads = threads
        self._n_threads = n_threads
        self._stop = stop
        self._open: list[Reader] = []
        self._reference_reader: Reader | None = None
        self._shape = (n_scored(windows.windows[0]), model.hyperparameters.n_vocabulary)
        self._cache = None if reference is None else _cache_of(reference)
        self._keeps = self._cache is not None and self._cache.has_room(
            len(windows.windows), ReferenceWindow.bytes_for(*self._shape)
        )
        missing = [] if self._cache is None else [w for w in windows.windows if not self._cache.holds(w)]
        self._done = 0
        self._total = windows.window_tokens * (len(windows.windows) + len(missing))

    def close(self) -> None:
        """Give both models' memory back."""
        for reader in self._open:
            reader.close()
        self._open.clear()
        self._reference_reader = None

    def read_reference_first(self) -> Work[None]:
        """Have the reference read what is not in the cache yet, and give its memory back."""
        if not self._keeps:
            needed = len(self._windows.windows) * ReferenceWindow.bytes_for(*self._shape)
            raise NotEnoughMemory(
                "The two models do not fit into memory together, and there is no room on the disk "
                f"({readable_bytes(needed)}) for what the reference says.",
                "Measure fewer tokens, close other programs, or free some disk space.",
            )
        assert self._cache is not None  # without a reference, one model has been found to fit
        for window in self._windows.windows:
            if not self._cache.holds(window):
                self._cache.store(window, (yield from self._read_reference(window)))
        self.close()

    def compare(self) -> Generator[Progress | Figures, None, list[WindowScores]]:
        """Score the model on every window."""
        scores: list[WindowScores] = []
        reader = yield from self._loaded(self._model)
        told = 0.0
        for number, window in enumerate(self._windows.windows, 1):
            said = yield from self._said(window)
            scores.append((yield from self._counted(reader.scores(window, said), "model")))
            if number >= 2 and (number == 2 or time.monotonic() > told + _SECONDS_BETWEEN_FIGURES):
                yield summarize(scores)
                told = time.monotonic()
        return scores

    def _said(self, window: Sequence[int]) -> Work[ReferenceWindow | None]:
        """What the reference says about a window: kept from before, or found out now."""
        if self._cache is None:
            return None
        kept = self._cache.load(window, *self._shape)
        if kept is None:
            said = yield from self._read_reference(window)
            if self._keeps:
                # It spares the next measurement its time: this one does not end for a disk that is full meanwhile.
                with contextlib.suppress(OSError):
                    self._cache.store(window, said)
            return said
        self.n_reused += 1
        return kept

    def _read_reference(self, window: Sequence[int]) -> Work[ReferenceWindow]:
        assert self._reference is not None
        if self._reference_reader is None:
            self._reference_reader = yield from self._loaded(self._reference)
        return (yield from self._counted(self._reference_reader.reference(window), "reference"))

    def _counted(self, reading: Generator[int, None, Result], label: str) -> Work[Result]:
        """A window's reading, told as progress of the whole."""
        while True:
            try:
                n_read = next(reading)
            except StopIteration as end:
                self._done += self._windows.window_tokens
                result: Result = end.value
                return result
            yield Progress(self._done + n_read, self._total, label)

    def _loaded(self, checkpoint: Checkpoint) -> Work[Reader]:
        session = yield from load_session(
            checkpoint,
            context_tokens=self._windows.window_tokens,
            kv_type=KV_TYPE,
            n_threads=self._n_threads,
            force=True,  # found to fit before
        )
        reader = Reader(session, self._threads, self._stop)
        self._open.append(reader)
        return reader


def _cache_of(reference: Checkpoint) -> ReferenceCache:
    key = f"{fingerprint(reference)} {active_tier().name} {KV_TYPE}"
    return ReferenceCache(cache_folder() / "references", key)
