"""The plain numpy meaning of the encoders of IQ4_NL, IQ4_XS and MXFP4; see ``plain_encode``."""

from __future__ import annotations

import numpy as np

from octavo.engine.blocks import iq4, mxfp4
from octavo.engine.blocks.arrays import Blocks, Bytes, Floats
from octavo.engine.blocks.packing import join_nibbles

_ZERO = np.float32(0)
_SMALLEST_GROUP = np.float32(1e-15)


def _index(x: Floats) -> Bytes:
    """The nearest step of IQ4, the upper one of two."""
    middles = (iq4.STEPS[1:] + iq4.STEPS[:-1]) / 2
    return (~(x[..., None] < middles)).sum(axis=-1).astype(np.uint8)


def _scales(x: Floats, importance: Floats | None, block: int) -> Floats:
    """The scale of least weighted error of each group of 32 (``quantize_row_iq4_nl_impl``)."""
    wide, groups = x.reshape(-1, block), x.reshape(-1, 32).T
    w = groups * groups
    if importance is not None:
        total = np.zeros(len(wide), np.float32)
        for i in range(block):
            total += wide[:, i] * wide[:, i]
        mean = total * np.float32(2 / block)
        each = np.broadcast_to(importance, x.shape).reshape(wide.shape)
        w = (each * np.sqrt(mean[:, None] + wide * wide)).reshape(-1, 32).T
    largest = np.take_along_axis(groups, np.abs(groups).argmax(axis=0)[None], axis=0)[0]
    scale = best = np.zeros(len(largest), np.float32)
    for trial in (None, *range(-7, 8)):
        first = trial is None
        inverse = np.float32(1) / (largest / np.float32(127)) if first else np.float32(trial - 127) / largest
        sum_qx, sum_q2 = np.zeros_like(scale), np.zeros_like(scale)
        for value, weight in zip(groups, w, strict=True):
            step = iq4.STEPS[_index(inverse * value)]
            sum_qx += weight * step * value
            sum_q2 += weight * step * step
        is_better = (sum_q2 > 0) & (np.bool_(first) | (sum_qx * sum_qx > best * sum_q2))
        scale = np.where(is_better, sum_qx / sum_q2, scale)
        best = np.where(is_better, scale * sum_qx, best)
    return np.where(np.abs(largest) < _SMALLEST_GROUP, _ZERO, scale)


def _inverse(scale: Floats) -> Floats:
    return np.where(scale == 0, _ZERO, np.float32(1) / scale)


def encode_iq4_nl(x: Floats, importance: Floats | None) -> Blocks:
    """Turn float32[rows, columns] into blocks of IQ4_NL."""
    scales = _scales(x, importance, 32)
    blocks = np.empty(len(scales), iq4.NL_BLOCK)
    blocks["scale"] = scales
    blocks["q"] = join_nibbles(_index(_inverse(scales)[:, None] * x.reshape(-1, 32)))
    return blocks


def encode_iq4_xs(x: Floats, importance: Floats | None) -> Blocks:
    """Turn float32[rows, columns] into blocks of IQ4_XS."""
    scales = _scales(x, importance, 256).reshape(-1, 8)
    largest = np.take_along_axis(scales, np.abs(scales).argmax(axis=1)[:, None], axis=1)
    unit = -largest / np.float32(32)
    steps = np.clip(np.rint(_inverse(unit) * scales), -32, 31)
    inverse = _inverse(unit * steps).reshape(-1, 1)
    blocks = np.empty(len(scales), iq4.XS_BLOCK)
    blocks["scale"] = unit[:, 0]
    blocks["q"] = join_nibbles(_index(inverse * x.reshape(-1, 32))).reshape(-1, 128)
    stored = (steps + 32).astype(np.uint16)
    blocks["low"] = (stored[:, ::2] & 15) | (stored[:, 1::2] & 15) << 4
    blocks["high"] = ((stored >> 4) << np.arange(0, 16, 2, dtype=np.uint16)).sum(axis=1)
    return blocks


def encode_mxfp4(x: Floats, importance: Floats | None) -> Blocks:
    """Turn float32[rows, columns] into blocks of MXFP4."""
    groups = x.reshape(-1, 32)
    farthest = np.abs(groups).max(axis=1)
    # In double precision, then rounded to float32 before the fraction is dropped, as log2f of C is.
    logarithm = np.log2(farthest.astype(np.float64)).astype(np.float32)
    blocks = np.empty(len(groups), mxfp4.BLOCK)
    exponent = np.where(farthest > 0, np.floor(logarithm) + 125, 0).astype(np.int64)
    blocks["exponent"] = exponent & 255
    scale = np.ldexp(np.float32(1), (blocks["exponent"].astype(np.int32) - 128)).astype(np.float32)
    errors = np.abs(mxfp4.DOUBLED * scale[:, None, None] - groups[..., None])
    blocks["q"] = join_nibbles(errors.argmin(axis=2).astype(np.uint8))
    return blocks
