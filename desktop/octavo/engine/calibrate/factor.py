"""The factor R of a symmetric matrix ``H = R D R^T`` (R upper with ones on the diagonal), found in H's own memory.

A library's factorization takes three more matrices of float64; at 11,008 columns each is a gigabyte. This one works on
blocks of columns from the last to the first (the outer-product form of Golub and Van Loan, Matrix Computations,
section 4.2), and leaves nearly all of the work to matrix products of float32. Only the blocks on the diagonal are
factored in float64: R is then off by less than 1e-6 where its largest numbers are near 1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from octavo.engine.calibrate.library_threads import keep_products_in_one_thread

Floats = npt.NDArray[np.float32]
_BLOCK = 256
_STRIP = 2048  # rows updated at once: bounds what a product takes


def factor_in_place(matrix: Floats) -> None:
    """Turn H, float32[n, n], into U with ``H = U U^T``, U upper; below the diagonal remains what was there."""
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
            for top in range(0, first, _STRIP):
                bottom = min(top + _STRIP, first)
                matrix[top:bottom, top:first] -= above[top:bottom] @ above[top:].T
        last = first


def _upper(block: Floats) -> npt.NDArray[np.floating]:
    """The upper factor of a small block; the lower one of the block turned around is it, turned around."""
    wide = block[::-1, ::-1].astype(np.float64)
    return np.linalg.cholesky(wide)[::-1, ::-1]
