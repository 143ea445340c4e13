"""A loaded model: tokens in, logits out, with a memory of what it has read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from octavo.engine.checkpoint.model import Checkpoint, Hyperparameters
from octavo.engine.errors import OctavoError
from octavo.engine.hardware.cores import usable_threads
from octavo.engine.inference.admit import admitted_context, check_shape, checked_ids
from octavo.engine.inference.families.registry import family
from octavo.engine.inference.loader import load_weights
from octavo.engine.inference.logit_rows import LogitRows
from octavo.engine.inference.memory import KvCache, ModelWeights, Workspace
from octavo.engine.inference.needed_kernels import compile_kernels
from octavo.engine.inference.program_builder import ProgramBuilder
from octavo.engine.inference.rope import chosen_factors
from octavo.engine.inference.saved_cache import CacheState, model_identity, read_cache, write_cache
from octavo.engine.kernels import layout, state
from octavo.engine.kernels.pool import Pool
from octavo.engine.progress import Progress, Work
from octavo.engine.simd.tier import active_tier
from octavo.engine.stop import Stop

_LOGIT_ROWS = 64  # rows of logits computed together when all are wanted


class Session:
    """A model ready to run; made by ``load_session``.

    Not to be used by two threads at once, but for ``stop``.
    """

    def __init__(
        self,
        shape: Hyperparameters,
        weights: ModelWeights,
        factors: npt.NDArray[np.float32] | None,
        context_tokens: int,
        kv_type: str,
        n_threads: int,
    ) -> None:
        self.shape = shape
        self.context_tokens = context_tokens
        self.kv_type = kv_type
        self.n_threads = n_threads
        self.tier = active_tier().name
        self.tokens: list[int] = []
        self._weights = weights
        self._cache = KvCache(shape, context_tokens, kv_type)
        self._workspace = Workspace(shape, context_tokens, n_threads)
        builder = ProgramBuilder(shape, weights, self._workspace, self._cache)
        family(shape.architecture)(builder, factors)
        self._builder = builder  # it owns arrays that operations point to
        self._program = builder.program()
        self._longest = 0
        self._inputs = np.zeros(self._workspace.batch, np.int64)
        self._logits_row = self._workspace.logits.memory.view(np.float32)[: shape.n_vocabulary]
        self._pool = Pool(n_threads)
        self._pool.set(state.PROGRAM, int(self._program.ctypes.data))
        self._pool.set(state.TOKENS, int(self._inputs.ctypes.data))
        self._pool.set(state.THREADS, self._workspace.threads)

    @property
    def weights_bytes(self) -> int:
        """Bytes of the packed weights."""
        return self._weights.n_bytes

    def bytes_per_token(self, depth: int) -> int:
        """Bytes of weights and cache that a step reads with ``depth`` tokens before it."""
        weights = self._weights.bytes_per_token(self.shape.n_experts_used)
        return weights + layout.kv_cache_bytes(self.shape, depth, self.kv_type)

    @property
    def predicted_bytes(self) -> int:
        """Bytes of weights, cache and working buffers together."""
        kv = layout.kv_cache_bytes(self.shape, self.context_tokens, self.kv_type)
        return self.weights_bytes + kv + layout.working_bytes(self.shape, self.context_tokens, self.n_threads)

    def stop(self) -> None:
        """End the running step at its next barrier, or else the next step; ``tokens`` are then as before it.

        May be called from any thread.
        """
        self._pool.stop()

    @contextlib.contextmanager
    def stopped_by(self, stop: Stop) -> Iterator[None]:
        """Let ``stop`` end the steps of this context, the running one too."""
        try:
            with stop.ending(self.stop):
                yield
        finally:
            self._pool.set(state.STOP, 0)  # it may have come after the last step

    def _check(self, ids: Sequence[int]) -> npt.NDArray[np.int64]:
        return checked_ids(ids, self.shape.n_vocabulary, len(self.tokens), self.context_tokens)

    def _run(self, ids: list[int], first_logit: int) -> bool:
        """One step of the program; whether it was not stopped."""
        n = len(ids)
        self._inputs[:n] = ids
        self._pool.set(state.N_TOKENS, n)
        self._pool.set(state.FIRST_POSITION, len(self.tokens))
        self._pool.set(state.FIRST_LOGIT, first_logit)
        self._longest = max(self._longest, len(self.tokens) + n)
        if not self._pool.run():
            self._pool.set(state.STOP, 0)
            return False
        self.tokens += ids
        return True

    def keep(self, ids: Sequence[int]) -> int:
        """Forget all but the longest prefix of ``ids`` that is already in the cache; its length.

        At least one token of ``ids`` is left to be read, because its logits are wanted.
        """
        n = 0
        for ours, wanted in zip(self.tokens, ids[:-1], strict=False):
            if ours != wanted:
                break
            n += 1
        return self.truncate(n)

    def truncate(self, n: int) -> int:
        """Cut the cache to its first ``n`` tokens, or to none where a sliding window has lost them; what is left."""
        n = min(n, len(self.tokens))
        if n < self._cache.earliest_kept(self._longest):
            n = 0
        if n == 0:
            self._longest = 0
        del self.tokens[n:]
        return n

    def _saved_state(self) -> CacheState:
        model = model_identity(self.shape, self._weights)
        return CacheState(model, self.kv_type, self.context_tokens, list(self.tokens), self._longest)

    @property
    def cache_bytes(self) -> int:
        """About how many bytes ``save`` writes."""
        return sum(len(part) for part in self._cache.used_parts(self._longest))

    def save(self, path: Path) -> None:
        """Write what has been read to a file, so that a session of the same model can go on from there."""
        write_cache(path, self._saved_state(), self._cache.used_parts(self._longest))

    def restore(self, path: Path) -> int:
        """Go on from what ``save`` wrote; how many tokens have been read then.

        Raises
        ------
        OctavoError
            It is of another model or of other settings, or damaged; then nothing counts as read.
        """
        expected = self._saved_state()
        self.truncate(0)
        found = read_cache(path, expected, self.shape.n_vocabulary, self._cache.used_parts)
        self.tokens += found.tokens
        self._longest = found.longest
        return len(self.tokens)

    def prefill(self, ids: Sequence[int]) -> Work[None]:
        """Read ``ids`` after what was read before; then ``logits_row`` is that of the last one.

        Raises
        ------
        OctavoError
            An id outside the vocabulary, or more tokens than the context has left.
        """
        values = self._check(ids)
        n = len(values)
        for start in range(0, n, self._workspace.batch):
            yield Progress(start, n, "prefill")
            part = values[start : start + self._workspace.batch].tolist()
            is_last = start + len(part) == n
            if not self._run(part, len(part) - 1 if is_last else len(part)):
                return
        yield Progress(n, n, "prefill")

    def step(self, token: int) -> npt.NDArray[np.float32]:
        """Read one token; float32[vocabulary], valid until the next step."""
        if not (0 <= token < self.shape.n_vocabulary and len(self.tokens) < self.context_tokens):
            self._check([token])
        self._run([token], 0)
        return self._logits_row

    @property
    def logits_row(self) -> npt.NDArray[np.float32]:
        """The logits after the last token read, float32[vocabulary], valid until the next step."""
        return self._logits_row

    def logits(self, ids: Sequence[int]) -> Work[npt.NDArray[np.float32]]:
        """The logits after each of ``ids`` as ``each_logits`` has them: float32[len(ids), vocabulary]."""
        n = len(ids)
        result = np.empty((n, self.shape.n_vocabulary), np.float32)
        yield Progress(0, n, "logits")
        done = 0
        for rows in self.each_logits(ids):
            result[done : done + len(rows)] = rows
            done += len(rows)
            yield Progress(done, n, "logits")
        return result

    def each_logits(self, ids: Sequence[int], first: int = 0) -> Iterator[npt.NDArray[np.float32]]:
        """The logits after each of ``ids[first:]``, read from the beginning, some rows at a time.

        Each float32[rows, vocabulary] is valid until the next.

        Raises
        ------
        OctavoError
            An id outside the vocabulary, more tokens than the context, or a stop from another thread.
        """
        self.truncate(0)
        values = self._check(ids).tolist()
        n_rows = min(_LOGIT_ROWS, self._workspace.batch)
        rows = LogitRows(self._program, self._builder.logits_operations, n_rows, self.shape.n_vocabulary)
        bounds = [*range(0, first, self._workspace.batch), *range(first, len(values), n_rows), len(values)]
        with rows.written():
            for start, end in pairwise(bounds):
                if not self._run(values[start:end], 0 if start >= first else end - start):
                    raise OctavoError("Computing the logits was stopped.")
                if start >= first:
                    yield rows.values[: end - start]

    def close(self) -> None:
        """End the threads; the memory goes with the last reference."""
        self._pool.close()


def load_session(
    checkpoint: Checkpoint,
    *,
    context_tokens: int = 0,
    kv_type: str = "f16",
    n_threads: int = 0,
    available_bytes: int = 0,
    force: bool = False,
) -> Work[Session]:
    """Load a model to run it.

    Parameters
    ----------
    checkpoint : Checkpoint
    context_tokens : int
        Tokens that prompt and answers may take together; 0 for the model's own, at most 8,192, at most what fits.
    kv_type : str
        ``f16`` or ``q8_0``.
    n_threads : int
        0 for all usable cores.
    available_bytes : int
        Memory that it may take nine tenths of; 0 for what is free now.
    force : bool
        Load even what does not fit.

    Raises
    ------
    UnsupportedModel
        An architecture, block type or size without kernels.
    NotEnoughMemory
        It does not fit; nothing was loaded.
    """
    shape = checkpoint.hyperparameters
    check_shape(shape, kv_type)
    family(shape.architecture)
    n_threads = min(n_threads or usable_threads(), state.MAX_THREADS)
    context_tokens = admitted_context(
        checkpoint.card,
        context_tokens=context_tokens,
        kv_type=kv_type,
        n_threads=n_threads,
        available_bytes=available_bytes,
        force=force,
    )
    yield from compile_kernels(checkpoint, kv_type)
    weights = yield from load_weights(checkpoint, min(n_threads, 4))
    factors = chosen_factors(shape, weights.vectors, context_tokens)
    return Session(shape, weights, factors, context_tokens, kv_type, n_threads)
