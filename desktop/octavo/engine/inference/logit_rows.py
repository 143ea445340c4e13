"""Logits of many tokens at once: a program writes those of one token, unless it is told where more rows are."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from octavo.engine.inference.memory import make_rows
from octavo.engine.kernels import layout, state

_FIELDS = {state.LINEAR: 7, state.CALL: 1}  # where an operation's result goes; the first field in others


class LogitRows:
    """Room for the logits of several tokens.

    Parameters
    ----------
    program : int64[n, fields]
        The operations of a model.
    operations : sequence of int
        Which of them write or change logits.
    n_rows, n_vocabulary : int
    """

    def __init__(
        self, program: npt.NDArray[np.int64], operations: Sequence[int], n_rows: int, n_vocabulary: int
    ) -> None:
        self._program = program
        self._operations = operations
        self._rows = make_rows(n_rows, 4 * layout.round_up(n_vocabulary, layout.GROUP_ROWS))
        values = self._rows.memory[: n_rows * self._rows.stride].view(np.float32)
        self.values = values.reshape(n_rows, -1)[:, :n_vocabulary]
        """float32[n_rows, n_vocabulary]."""

    @contextlib.contextmanager
    def written(self) -> Iterator[None]:
        """Let the program write its logits here."""
        before = [self._program[n].copy() for n in self._operations]
        try:
            for n in self._operations:
                first = _FIELDS.get(int(self._program[n][0]), 0)
                for field, value in enumerate(self._rows.place(), first):
                    self._program[n][state.field(field) // 8] = value
            yield
        finally:
            for n, operation in zip(self._operations, before, strict=True):
                self._program[n] = operation
