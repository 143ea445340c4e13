"""Calls of compiled probes with numpy arrays, 16 lanes at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from octavo.engine.simd.jit import Entry


def outputs(
    probe: Entry, names: Sequence[str], arrays: Sequence[npt.NDArray[np.generic]], dtype: npt.DTypeLike
) -> dict[str, npt.NDArray[np.generic]]:
    """What a probe ``(addresses..., out, n_vectors)`` writes: one array for each name, as long as the inputs."""
    n_vectors = arrays[0].nbytes // 64
    out = np.zeros((len(names), n_vectors * 16), dtype)
    probe(*(each.ctypes.data for each in arrays), out.ctypes.data, n_vectors)
    return dict(zip(names, out, strict=True))


def bits(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint32]:
    """The bits of float32 numbers, all NaN alike."""
    return np.where(np.isnan(values), np.float32(np.nan), values).astype(np.float32).view(np.uint32)


def in_last_place(found: npt.NDArray[np.float32], true: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Errors in units of the last place of the true value."""
    return np.abs(found - true) / np.spacing(np.abs(true).astype(np.float32))
