"""Round-to-nearest of groups of weights to 4 bits, with a zero point or around zero.

With a zero point (AutoAWQ, ``pseudo_quantize_tensor``): scale = (max - min) / 15, zero = round(-min / scale) within
0 to 15, q = round(w / scale) + zero within 0 to 15. Around zero (compressed-tensors): scale = max |w| / 7.5,
q = round(w / scale) within -8 to 7, and 8 is added to it. Scales are rounded to 16 bits before they are used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
_LEAST_SCALE = 1e-7


@dataclass(frozen=True)
class Groups:
    """Rounded rows.

    Parameters
    ----------
    q : uint8[rows, columns]
    scales : float16[rows, groups]
    zeros : uint8[rows, groups]
    """

    q: npt.NDArray[np.uint8]
    scales: npt.NDArray[np.float16]
    zeros: npt.NDArray[np.uint8]

    def weights(self) -> npt.NDArray[np.float32]:
        """What the groups stand for, float32[rows, columns]."""
        rows, n_groups = self.scales.shape
        wide = self.q.reshape(rows, n_groups, -1).astype(np.float32) - self.zeros[..., None]
        wide *= self.scales[..., None]
        return wide.reshape(rows, -1)


def round_groups(weights: Floats, group: int, *, symmetric: bool) -> Groups:
    """Round [rows, columns]."""
    rows, columns = weights.shape
    grouped = weights.reshape(rows, columns // group, group)
    if symmetric:
        largest = np.abs(grouped).max(axis=2)
        scales = np.maximum(largest / 7.5, _LEAST_SCALE).astype(np.float16)
        zeros = np.full(scales.shape, 8, np.uint8)
    else:
        low, high = grouped.min(axis=2), grouped.max(axis=2)
        scales = np.maximum((high - low) / 15, _LEAST_SCALE).astype(np.float16)
        zeros = np.clip(np.rint(-low / scales.astype(weights.dtype)), 0, 15).astype(np.uint8)
    steps = np.rint(grouped / scales[..., None].astype(weights.dtype))
    steps += zeros[..., None]
    q = np.clip(steps, 0, 15, out=steps).astype(np.uint8)
    return Groups(q.reshape(rows, columns), scales, zeros)
