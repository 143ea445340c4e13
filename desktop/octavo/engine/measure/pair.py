"""Two models that take turns: both stay in memory where they fit together, else one makes room for the other."""

from __future__ import annotations

import time
from collections.abc import Callable

from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.estimate.memory import estimate_memory
from octavo.engine.estimate.verdict import FITS_SHARE
from octavo.engine.hardware.cores import usable_threads
from octavo.engine.hardware.memory import main_memory
from octavo.engine.inference.session import Session, load_session
from octavo.engine.measure.room import KV_TYPE
from octavo.engine.progress import Work
from octavo.engine.tokenizer.load import load_tokenizer

LEAST_CONTEXT = 1024


class PairedModel:
    """One of the two: its file and tokenizer, and its session while it is in memory."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.tokenizer = load_tokenizer(checkpoint)
        self.session: Session | None = None
        self.load_seconds = 0.0

    def unload(self) -> None:
        """Give the session's memory back."""
        session, self.session = self.session, None
        if session is not None:
            session.close()


class Pair:
    """Two models that are asked the same things.

    Parameters
    ----------
    first, second : Checkpoint
        Open; they stay so, and belong to the caller.
    keeps_both : bool
        Keep both in memory where they fit, for the next question.
    n_threads : int
        0 for all usable cores.
    free_bytes : callable
        The memory that is free now.
    """

    def __init__(
        self,
        first: Checkpoint,
        second: Checkpoint,
        *,
        keeps_both: bool = True,
        n_threads: int = 0,
        free_bytes: Callable[[], int] = lambda: main_memory().free_bytes,
    ) -> None:
        self.n_threads = n_threads or usable_threads()
        self._keeps_both = keeps_both
        self._free_bytes = free_bytes
        self.models: list[PairedModel] = []
        try:
            for checkpoint in (first, second):
                self.models.append(PairedModel(checkpoint))
        except BaseException:
            self.close()
            raise

    @property
    def are_together(self) -> bool:
        """Whether both are in memory now."""
        return all(each.session is not None for each in self.models)

    @property
    def has_same_tokens(self) -> bool:
        """Whether both cut text into the same tokens, and have as many of them."""
        one, other = self.models
        sizes = [each.checkpoint.hyperparameters.n_vocabulary for each in self.models]
        same = list(one.tokenizer.vocabulary.texts) == list(other.tokenizer.vocabulary.texts)
        return same and sizes[0] == sizes[1]

    def memory_bytes(self, number: int, context_tokens: int) -> int:
        """What model ``number`` takes with such a context, as estimated."""
        card = self.models[number].checkpoint.card
        return estimate_memory(
            card, None, context_tokens=context_tokens, kv_type=KV_TYPE, n_threads=self.n_threads
        ).total_bytes

    def session(self, number: int, context_tokens: int, beside_bytes: int = 0) -> Work[Session]:
        """Model ``number``, ready to run with at least such a context.

        Parameters
        ----------
        beside_bytes : int
            What else will be needed while it runs.

        Raises
        ------
        NotEnoughMemory
            It does not fit, even without the other one.
        """
        mine, other = self.models[number], self.models[1 - number]
        mine.load_seconds = 0.0
        if mine.session is not None and mine.session.context_tokens >= context_tokens:
            return mine.session
        mine.unload()
        started = time.perf_counter()
        if other.session is not None:
            needed = self.memory_bytes(number, context_tokens) + beside_bytes
            if not self._keeps_both or needed > FITS_SHARE * self._free_bytes():
                other.unload()
        mine.session = yield from load_session(
            mine.checkpoint,
            context_tokens=context_tokens,
            kv_type=KV_TYPE,
            n_threads=self.n_threads,
            available_bytes=max(1, self._free_bytes() - beside_bytes),
        )
        mine.load_seconds = time.perf_counter() - started
        return mine.session

    def close(self) -> None:
        """Give the memory of both back."""
        for each in self.models:
            each.unload()
            each.tokenizer.renderer.close()
