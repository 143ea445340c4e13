"""The plain numpy meaning of the encoders of Q2_K and Q3_K; see ``plain_encode``."""

from __future__ import annotations

import numpy as np
from tests.engine.blocks.plain_search import (
    as_byte,
    nearest,
    search_affine,
    search_positive,
    search_refined,
    search_symmetric,
)

from octavo.engine.blocks import q2_k, q3_k
from octavo.engine.blocks.arrays import Blocks, Bytes, Floats
from octavo.engine.blocks.packing import join_bits

_ZERO = np.float32(0)


def _counts(x: Floats, importance: Floats, factor: float) -> tuple[Floats, Floats]:
    """What each weight counts, float32[n, 16], and their sums, float32[n / 16, 16]."""
    wide = x.reshape(-1, 256)
    total = np.zeros(len(wide), np.float32)
    for i in range(256):
        total += wide[:, i] * wide[:, i]
    mean = np.float32(factor) * total / np.float32(256)
    each = np.broadcast_to(importance, x.shape).reshape(-1, 256)
    w = (each * np.sqrt(mean[:, None] + wide * wide)).reshape(-1, 16)
    sums = np.zeros(len(w), np.float32)
    for i in range(16):
        sums += w[:, i]
    return w, sums.reshape(-1, 16)


def _low_2(q: Bytes) -> Bytes:
    return join_bits((q & np.uint8(3)).reshape(-1, 2, 4, 32), 2).reshape(-1, 64)


def _half(x: Floats) -> Floats:
    return x.astype(np.float16).astype(np.float32)


def _four_bit(x: Floats) -> tuple[Floats, Bytes]:
    highest = np.maximum(x.max(axis=1), _ZERO)
    inverse = np.where(highest > 0, np.float32(15) / highest, _ZERO)
    return highest / np.float32(15), as_byte(nearest(inverse[:, None] * x)).astype(np.uint8)


def encode_q2_k(x: Floats, importance: Floats | None) -> Blocks:
    """Turn float32[rows, columns] into blocks of Q2_K."""
    groups = x.reshape(-1, 16)
    if importance is None:
        scales, minima, q = search_affine(groups, np.abs(groups), 3, -0.5, 0.1, 15, is_square=False)
        scale, codes = _four_bit(scales.reshape(-1, 16))
        minimum, minimum_codes = _four_bit(minima.reshape(-1, 16))
    else:
        w, sums = _counts(x, importance, 1)
        scales, minima, q = search_affine(groups, w, 3, -0.9, 0.05, 36)
        scale, codes = search_positive(scales.reshape(-1, 16), sums, 15)
        minimum, minimum_codes = search_positive(minima.reshape(-1, 16), sums, 15)
    blocks = np.empty(len(codes), q2_k.BLOCK)
    blocks["scale"], blocks["minimum"] = scale, minimum
    # A step over 15, of a negative scale, spills into the minimum's bits.
    blocks["groups"] = codes | minimum_codes << np.uint8(4)
    d = (_half(scale)[:, None] * (blocks["groups"] & 15).astype(np.float32)).reshape(-1, 1)
    m = (_half(minimum)[:, None] * (blocks["groups"] >> 4).astype(np.float32)).reshape(-1, 1)
    again = np.clip(nearest((groups + m) / d), 0, 3).astype(np.uint8)
    blocks["q"] = _low_2(np.where(d == 0, q, again))
    return blocks


def encode_q3_k(x: Floats, importance: Floats | None) -> Blocks:
    """Turn float32[rows, columns] into blocks of Q3_K."""
    groups = x.reshape(-1, 16)
    if importance is None:
        found, q = search_refined(groups)
        scales = found.reshape(-1, 16)
        largest = np.take_along_axis(scales, np.abs(scales).argmax(axis=1)[:, None], axis=1)
        inverse = np.float32(-32) / largest
        scale = np.where(largest == 0, _ZERO, np.float32(1) / inverse)[:, 0]
        codes = np.clip(nearest(inverse * scales), -32, 31) + 32
        codes = np.where(largest == 0, _ZERO, codes).astype(np.uint8)
    else:
        w, sums = _counts(x, importance, 2)
        found, q = search_symmetric(groups, w, 4)
        scale, codes = search_symmetric(found.reshape(-1, 16), sums, 32)
    d = (_half(scale)[:, None] * (codes.astype(np.float32) - 32)).reshape(-1, 1)
    again = (np.clip(nearest(groups / d), -4, 3) + 4).astype(np.uint8)
    q = np.where(d == 0, q, again)
    blocks = np.empty(len(codes), q3_k.BLOCK)
    blocks["scale"], blocks["q"] = scale, _low_2(q)
    blocks["high"] = join_bits((q >> np.uint8(2)).reshape(-1, 8, 32), 1).reshape(-1, 32)
    blocks["scales"][:, :8] = (codes[:, :8] & 15) | (codes[:, 8:] & 15) << 4
    high = (codes >> np.uint8(4)).reshape(-1, 4, 4)
    blocks["scales"][:, 8:] = join_bits(high, 2).reshape(-1, 4)
    return blocks
