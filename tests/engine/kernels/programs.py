"""Small programs of a few operations, run as a model's program is: by the pool, from buffers at addresses."""

from __future__ import annotations

from types import TracebackType

import numpy as np
import numpy.typing as npt

from octavo.engine.kernels import state
from octavo.engine.kernels.expert_layout import blocks_bytes, choices_bytes
from octavo.engine.kernels.pool import Pool
from octavo.engine.kernels.weights import allocate

Floats = npt.NDArray[np.float32]


class Grid:
    """float32[rows, columns] whose rows begin at cache lines, with room behind the last column."""

    def __init__(self, rows: int, columns: int, fill: float = 0.0) -> None:
        self._columns = columns
        room = (columns // 16 + 2) * 16
        memory = allocate(4 * rows * room)[: 4 * rows * room]
        self._whole = memory.view(np.float32).reshape(rows, room)
        self._whole[:] = fill

    @property
    def values(self) -> Floats:
        """What is in it, to be read and written."""
        return self._whole[:, : self._columns]

    @property
    def address(self) -> int:
        """Of the first row."""
        return int(self._whole.ctypes.data)

    @property
    def stride(self) -> int:
        """Bytes from row to row."""
        return int(self._whole.strides[0])


def grid(values: npt.ArrayLike) -> Grid:
    """A grid that holds ``values``, float[rows, columns]."""
    given = np.asarray(values, np.float32)
    made = Grid(*given.shape)
    made.values[:] = given
    return made


class Machine:
    """Threads with buffers of their own, that run the operations they are given.

    Parameters
    ----------
    n_threads : int
    widest : int
        Columns of the widest activation.
    """

    def __init__(self, n_threads: int = 1, widest: int = 2048) -> None:
        self.n_threads = n_threads
        self._pool = Pool(n_threads)
        self._own = [
            [allocate(2 * widest), allocate(4 * widest), allocate(4 * 64 * widest), allocate(1 << 16)]
            for _ in range(n_threads)
        ]
        fields = np.zeros((n_threads, state.THREAD_BYTES // 8), np.int64)
        for row, buffers in zip(fields, self._own, strict=True):
            row[:4] = [buffer.ctypes.data for buffer in buffers]
        self._threads = fields
        self._operations: list[npt.NDArray[np.int64]] = []

    def add_experts(self, n_experts: int, n_used: int, n_tokens: int) -> None:
        """Give each thread what a mixture of experts needs."""
        for row, buffers in zip(self._threads, self._own, strict=True):
            buffers += [
                allocate(choices_bytes(n_experts, n_used, n_tokens)),
                allocate(blocks_bytes(n_tokens)),
            ]
            row[4:6] = [buffer.ctypes.data for buffer in buffers[-2:]]

    def __enter__(self) -> Machine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close()

    def records(self, n: int, thread: int = 0) -> npt.NDArray[np.uint8]:
        """The thread's packed activation: uint8[n, 64]."""
        return self._own[thread][0][: 64 * n].reshape(n, 64)

    def floats(self, n: int, thread: int = 0) -> Floats:
        """The thread's float32[n]."""
        return self._own[thread][1][: 4 * n].view(np.float32)

    @property
    def n_parked(self) -> int:
        """How many workers sleep."""
        return sum(self._pool.get(state.PARKED + 64 * thread) for thread in range(1, self.n_threads))

    def stop(self) -> None:
        """Make the next run end at its first barrier."""
        self._pool.stop()

    def go_on(self) -> None:
        """Let runs go to their ends again."""
        self._pool.set(state.STOP, 0)

    def add(self, code: int, *fields: float, flags: int = state.BARRIER_AFTER) -> None:
        """Append an operation; floats go in as float32."""
        operation = np.zeros(state.OPERATION_BYTES // 8, np.int64)
        operation[:2] = code, flags
        for n, value in enumerate(fields):
            at = state.field(n)
            if isinstance(value, float):
                operation.view(np.float32)[at // 4] = value
            else:
                operation[at // 8] = value
        self._operations.append(operation)

    def run(
        self, n_tokens: int = 1, *, position: int = 0, first_logit: int = 0, tokens: npt.ArrayLike = ()
    ) -> bool:
        """Run them all; whether they came to their end."""
        program = np.stack([*self._operations, np.zeros(state.OPERATION_BYTES // 8, np.int64)])
        ids = np.array(tokens, np.int64)
        self._pool.set(state.PROGRAM, int(program.ctypes.data))
        self._pool.set(state.THREADS, int(self._threads.ctypes.data))
        self._pool.set(state.TOKENS, int(ids.ctypes.data))
        self._pool.set(state.N_TOKENS, n_tokens)
        self._pool.set(state.FIRST_POSITION, position)
        self._pool.set(state.FIRST_LOGIT, first_logit)
        return self._pool.run()
