"""One pass over the source: pieces are read, decoded and encoded in several threads, and written in their order."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from octavo.engine.blocks.codec import encode_in_one_thread
from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.convert.output import OutputFile
from octavo.engine.convert.work_share import WorkShare
from octavo.engine.progress import Progress, Work
from octavo.engine.quantize.damage import Damage
from octavo.engine.quantize.recode import Bytes, Wanted, recoded

# A piece that stays in the processor's cache; what a call costs in Python is then hardly seen.
PIECE_WEIGHTS = 512 * 1024
# What is being encoded when a conversion is stopped ends in far less.
_PATIENCE_SECONDS = 5.0
# All pieces under way together, as float32: four slabs.
WINDOW_BYTES = 4 * 32 * 1024 * 1024


def window_bytes(n_threads: int, n_weights: int, bytes_per_weight: float) -> int:
    """The most that all pieces under way take: as they were read, as float32, and encoded.

    Parameters
    ----------
    n_weights : int
        Of the largest tensor.
    bytes_per_weight : float
        As they are read and as they are written to all files, together.
    """
    n_pieces = pieces_under_way(n_threads)
    return int(n_pieces * min(n_weights, _piece_weights(n_pieces)) * (4 + bytes_per_weight))


def pieces_under_way(n_threads: int) -> int:
    """How many are read ahead of the oldest that is not written."""
    return 2 * n_threads + 2


def _piece_weights(n_pieces: int) -> int:
    return min(PIECE_WEIGHTS, WINDOW_BYTES // (4 * n_pieces))


@dataclass(frozen=True)
class _Piece:
    """Rows on their way to the files that want them."""

    index: int
    name: str
    source_bytes: int
    takers: Sequence[OutputFile]
    rows: Future[list[Bytes]]


class OnePass:
    """Writes files whose tensors come in the same order.

    Parameters
    ----------
    consumed : callable
        Told how many bytes of the source have been read so far.
    share : WorkShare
        Told what is done.
    damage : Damage
        Told of weights that are no finite numbers.
    """

    def __init__(
        self,
        source: Checkpoint,
        files: Sequence[OutputFile],
        n_threads: int,
        consumed: Callable[[int], None],
        share: WorkShare,
        damage: Damage,
    ) -> None:
        self._source = source
        self._files = files
        self._consumed = consumed
        self._damage = damage
        self._n_pieces = pieces_under_way(n_threads)
        self._threads = ThreadPoolExecutor(
            n_threads, thread_name_prefix="octavo-encode", initializer=encode_in_one_thread
        )
        self._pieces: deque[_Piece] = deque()
        self._share = share
        self._source_done = 0

    def run(self) -> Work[None]:
        """Write every tensor that is not there yet."""
        planned = self._files[0].planned
        try:
            for index in range(len(planned)):
                yield from self._tensor(index)
            yield from self._write_until(0)
        finally:
            for piece in self._pieces:
                piece.rows.cancel()
            # A plugin's code may never end: who cancels must not wait for it.
            left = wait([piece.rows for piece in self._pieces], _PATIENCE_SECONDS).not_done
            self._threads.shutdown(wait=not left)

    def _tensor(self, index: int) -> Work[None]:
        takers: list[OutputFile] = []
        wanted: list[Wanted] = []
        for file in self._files:
            if file.wish.calibration is not None:
                # A calibration uses all processors itself, and may need what is held by pieces under way.
                yield from self._write_until(0)
            one = yield from self._asked(file, index)
            if one is not None:
                takers.append(file)
                wanted.append(one)
        tensor = self._source.tensor(self._files[0].planned[index].name)
        assert tensor is not None  # the plan was made from the source's tensors
        if not takers:
            self._source_done += tensor.n_bytes
            return
        n_rows = max(1, _piece_weights(self._n_pieces) // tensor.columns)
        for first in range(0, tensor.rows, n_rows):
            count = min(n_rows, tensor.rows - first)
            rows = self._threads.submit(recoded, self._source, tensor, first, count, wanted, self._damage)
            n_bytes = count * tensor.block_type.row_bytes(tensor.columns)
            self._pieces.append(_Piece(index, tensor.name, n_bytes, takers, rows))
            yield from self._write_until(self._n_pieces)

    def _write_until(self, n_left: int) -> Work[None]:
        """Write the oldest pieces until no more than ``n_left`` are under way."""
        while len(self._pieces) > n_left:
            piece = self._pieces[0]
            found = piece.rows.result()
            self._pieces.popleft()
            for file, rows in zip(piece.takers, found, strict=True):
                file.writer.write_rows(piece.name, rows)
                self._share.wrote(file, piece.index, rows.nbytes)
            self._source_done += piece.source_bytes
            self._consumed(self._source_done)
            yield self._share.progress(self._files[0].planned, piece.index)

    def _asked(self, file: OutputFile, index: int) -> Work[Wanted | None]:
        """Run a calibration's step for one tensor; its labels are told beside the conversion's own figures."""
        with contextlib.closing(file.wanted(index)) as finding:
            while True:
                try:
                    step: Progress = next(finding)
                except StopIteration as end:
                    wanted: Wanted | None = end.value
                    self._share.found(file, index)
                    return wanted
                self._share.amid_finding(file, index, step)
                yield self._share.progress(self._files[0].planned, index, step.label)
