"""The factor R of a symmetric matrix ``H = R D R^T`` (R upper with ones on the diagonal), found in H's own memory.

A library's factorization takes three more matrices of float64; at 11,008 columns each is a gigabyte. This one works on
blocks of columns from the last to the first (the outer-product form of Golub and Van Loan, Matrix Computations,
section 4.2), and leaves nearly all of the work to matrix products of float32. Only the blocks on the diagonal are
factored in float64: R is then off by less than 1e-6 where its largest numbers are near 1.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from octavo.engine.calibrate.library_threads import keep_products_in_one_thread
from octavo.engine.calibrate.moments import Map

Floats = npt.NDArray[np.float32]
_BLOCK = 256
STRIP_ROWS = 512
"""Rows updated at once by one thread, which bounds what a product takes."""


def factor_in_place(matrix: Floats, run: Map = map) -> None:
    """Turn H, float32[n, n], into U with ``H = U U^T``, U upper; below the diagonal remains what was there.

    ``run`` makes the calls that share the work; the result does not depend on it.
    """
    keep_products_in_one_thread()
    last = len(matrix)
    while last:
        first = max(0, last - _BLOCK)
        corner = _upper(matrix[first:last, first:last])
        matrix[first:last, first:last] = corner
        if first:
            # Of U's columns here, the rows above the corner: H12 = U12 U22^T.
            above = matrix[:first, first:last]
            above[...] = above @ np.linalg.inv(corner).T.astype(np.float32)
            for _ in run(partial(_update, matrix, above), range(0, first, STRIP_ROWS)):
                pass
        last = first


def _update(matrix: Floats, above: Floats, top: int) -> None:
    """Take what the last columns explain off a strip of rows."""
    first = len(above)
    bottom = min(top + STRIP_ROWS, first)
    matrix[top:bottom, top:first] -= above[top:bottom] @ above[top:].T


def _upper(block: Floats) -> npt.NDArray[np.floating]:
    """The upper factor of a small block; the lower one of the block turned around is it, turned around."""
    wide = block[::-1, ::-1].astype(np.float64)
    return np.linalg.cholesky(wide)[::-1, ::-1]
