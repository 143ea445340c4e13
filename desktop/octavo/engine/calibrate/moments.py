"""What goes into a product, summed over all tokens: second moments, weighted by how much a token's error counts."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from octavo.engine.kernels.moments import COLUMNS, ROWS, add_moments
from octavo.engine.kernels.weights import allocate

Floats = npt.NDArray[np.float32]

# A window's first token is what most others attend to when nothing else matters (an attention sink: Xiao et al., arXiv
# 2309.17453). It is one of hundreds, and unlike all others, so that it would be rounded worst; an error in its key
# reaches every token. Counting it as this many tokens took the mean KL divergence of SmolLM2-135M in Q4_K_M from
# 0.0318 to 0.0180.
FIRST_TOKEN = 64.0


# How several calls are made: ``map``, or that of an executor.
Map = Callable[[Callable[[int], object], Iterable[int]], Iterable[object]]
_SHARE = 16  # tiles' rows that one call does
_BLOCK = 256  # what is mirrored, or divided, at once


def moments_bytes(columns: int) -> int:
    """Memory that the sums take: the half above the diagonal, in whole pages."""
    return columns * (2 * columns + mmap.PAGESIZE // 2)


class Moments:
    """Sums over the inputs of one product.

    They are symmetric. What lies below the diagonal is never touched, so that it takes no memory.

    Parameters
    ----------
    columns : int
    """

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._padded = -(-columns // COLUMNS) * COLUMNS
        memory = allocate(4 * self._padded**2, in_small_pages=True)
        self._upper = memory.view(np.float32)[: self._padded**2].reshape(self._padded, self._padded)
        self._squares = np.zeros(columns, np.float64)
        self._first: list[Floats] = []
        self._whole: Floats | None = None
        self.n_tokens = 0

    def add(
        self, inputs: Floats, weights: Floats | None = None, run: Map = map, *, has_first: bool = True
    ) -> None:
        """Count a window.

        Parameters
        ----------
        inputs : float32[tokens, columns]
        weights : float32[tokens], optional
            How much the squared error of each token counts.
        run : callable
            Makes the calls that share the work; the sums do not depend on it.
        has_first : bool
            Whether the first of these tokens is the window's first.
        """
        self.n_tokens += len(inputs)
        self._squares += np.einsum("ij,ij->j", inputs, inputs)
        factors = np.ones(len(inputs), np.float32) if weights is None else np.sqrt(weights)
        counted = np.zeros((len(inputs), self._padded), np.float32)
        np.multiply(inputs, factors[:, None], out=counted[:, : self._columns])
        _add(counted, self._upper, run)
        if has_first:
            self._first.append(counted[0].copy())

    def mean_squares(self) -> Floats:
        """The plain mean square of every column, float32[columns]: what an importance matrix holds."""
        return (self._squares / max(self.n_tokens, 1)).astype(np.float32)

    def weighted(self) -> Floats:
        """The mean second moments, float32[columns, columns], with the windows' first tokens counted more.

        Takes the place of the sums: nothing can be counted after it.
        """
        if self._whole is None:
            self._whole = self.weighted_half()
            _mirror(self._whole)
        return self._whole

    def weighted_half(self) -> Floats:
        """The same, to be asked for once, with nothing that counts below the diagonal."""
        n = max(self.n_tokens, 1)
        self._count_first(n)
        for top in range(0, self._padded, _BLOCK):
            self._upper[top : top + _BLOCK, top:] /= np.float32(n)
        return self._upper[: self._columns, : self._columns]

    def _count_first(self, n_tokens: int) -> None:
        """Add the windows' first tokens once more, with the weight that they have beyond their own."""
        if not self._first:
            return
        first = np.stack(self._first)
        energy = float(np.trace(self._upper)) / n_tokens
        first_energy = float((first * first).sum(axis=1).mean())
        factor = FIRST_TOKEN * energy / first_energy if first_energy > 0 else 0.0
        _add(first * np.float32(factor**0.5), self._upper, map)


def _mirror(upper: Floats) -> None:
    """Copy what is above the diagonal below it."""
    n = len(upper)
    for top in range(0, n, _BLOCK):
        bottom = min(top + _BLOCK, n)
        upper[bottom:, top:bottom] = upper[top:bottom, bottom:].T
        corner = np.triu(upper[top:bottom, top:bottom])
        upper[top:bottom, top:bottom] = corner + np.triu(corner, 1).T


def _add(inputs: Floats, target: Floats, run: Map) -> None:
    n_tokens, columns = inputs.shape
    n_blocks = columns // ROWS

    def part(first: int) -> None:
        last = min(first + _SHARE, n_blocks)
        add_moments(inputs.ctypes.data, target.ctypes.data, n_tokens, columns, first, last)

    for _ in run(part, range(0, n_blocks, _SHARE)):
        pass
