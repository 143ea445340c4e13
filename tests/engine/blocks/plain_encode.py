"""The plain numpy meaning of the compiled encoders; its bytes are those of ggml's reference encoders."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from tests.engine.blocks.plain_encode_2 import encode_q2_k, encode_q3_k
from tests.engine.blocks.plain_encode_4 import encode_iq4_nl, encode_iq4_xs, encode_mxfp4
from tests.engine.blocks.plain_search import (
    as_byte,
    nearest,
    search_affine,
    search_positive,
    search_symmetric,
)

from octavo.engine.blocks import k_scales, q4_0, q4_1, q4_k, q5_0, q5_1, q5_k, q6_k, q8_0
from octavo.engine.blocks.arrays import Blocks, Bytes, Floats
from octavo.engine.blocks.packing import join_bits, join_nibbles

_ZERO = np.float32(0)
_SMALLEST_GROUP = np.float32(1e-15)


def _inverse(scale: Floats) -> Floats:
    return np.where(scale == 0, _ZERO, np.float32(1) / scale)


def _truncate(x: Floats, n_max: int) -> Bytes:
    """Drop the fraction; what no integer can hold becomes 0, as after the C cast to a byte on x86."""
    return np.where(np.isfinite(x), np.clip(np.trunc(x), 0, n_max), _ZERO).astype(np.uint8)


def _row_importance(x: Floats, importance: Floats) -> Floats:
    """Weigh the importance by each weight's size against its row's."""
    rows, columns = x.shape
    total = np.zeros(rows, np.float32)
    for i in range(columns):
        total += x[:, i] * x[:, i]
    mean = total / np.float32(columns)
    w: Floats = importance * np.sqrt(mean[:, None] + x * x)
    return w.reshape(-1, 32)


def encode_q8_0(x: Floats, importance: Floats | None) -> Blocks:
    """Turn float32[rows, columns] into blocks of Q8_0."""
    x = x.reshape(-1, 32)
    blocks = np.empty(len(x), q8_0.BLOCK)
    scale = np.abs(x).max(axis=1) / np.float32(127)
    steps = x * _inverse(scale)[:, None]
    blocks["scale"] = scale
    # Halves round away from zero, as C's roundf does.
    whole = np.trunc(steps)
    whole += np.copysign(np.abs(steps - whole) >= np.float32(0.5), steps)
    blocks["q"] = np.where(np.isfinite(whole), whole, _ZERO)
    return blocks


def _symmetric_32(x: Floats, importance: Floats | None, n_max: int) -> tuple[Floats, Bytes]:
    groups = x.reshape(-1, 32)
    if importance is not None:
        return search_symmetric(groups, _row_importance(x, importance), n_max)
    largest = np.take_along_axis(groups, np.abs(groups).argmax(axis=1)[:, None], axis=1)
    # ggml starts from +0 and takes only what is farther away, so that zeros count as +0.
    scale = np.where(largest == 0, _ZERO, largest) / np.float32(-n_max)
    return scale[:, 0], _truncate(groups * _inverse(scale) + np.float32(n_max + 0.5), 2 * n_max - 1)


def _affine_32(x: Floats, importance: Floats | None, n_max: int) -> tuple[Floats, Floats, Bytes]:
    groups = x.reshape(-1, 32)
    if importance is not None:
        scale, low, q = search_affine(groups, _row_importance(x, importance), n_max, -0.9, 0.05, 36)
        return scale, -low, q
    # The first of equal minima: zeros have signs.
    low = np.take_along_axis(groups, groups.argmin(axis=1)[:, None], axis=1)[:, 0]
    scale = np.abs(groups.max(axis=1) - low) / np.float32(n_max)
    q = _truncate((groups - low[:, None]) * _inverse(scale)[:, None] + np.float32(0.5), n_max)
    return scale, low, q


def encode_q4_0(x: Floats, importance: Floats | None) -> Blocks:
    """Turn float32[rows, columns] into blocks of Q4_0."""
    scale, q = _symmetric_32(x, importance, 8)
    blocks = np.empty(len(q), q4_0.BLOCK)
    blocks["scale"], blocks["q"] = scale, join_nibbles(q)
    return blocks


def encode_q4_1(x: Floats, importance: Floats | None) -> Blocks:
    """Turn float32[rows, columns] into blocks of Q4_1."""
    scale, low, q = _affine_32(x, importance, 15)
    blocks = np.empty(len(q), q4_1.BLOCK)
    blocks["scale"], blocks["minimum"], blocks["q"] = scale, low, join_nibbles(q)
    return blocks


def encode_q5_0(x: Floats, importance: Floats | None) -> Blocks:
    """Turn float32[rows, columns] into blocks of Q5_0."""
    scale, q = _symmetric_32(x, importance, 16)
    blocks = np.empty(len(q), q5_0.BLOCK)
    blocks["scale"], blocks["q"] = scale, join_nibbles(q)
    blocks["high"] = np.packbits(q >> np.uint8(4), axis=1, bitorder="little")
    return blocks


def encode_q5_1(x: Floats, importance: Floats | None) -> Blocks:
    """Turn float32[rows, columns] into blocks of Q5_1."""
    scale, low, q = _affine_32(x, importance, 31)
    blocks = np.empty(len(q), q5_1.BLOCK)
    blocks["scale"], blocks["minimum"], blocks["q"] = scale, low, join_nibbles(q)
    blocks["high"] = np.packbits(q >> np.uint8(4), axis=1, bitorder="little")
    return blocks


def _k_affine(
    x: Floats, importance: Floats | None, n_max: int, search: tuple[float, float, int]
) -> tuple[Floats, Floats, Bytes, Bytes]:
    """Scale, minimum, the packed 6-bit scales and minima of eight groups, and steps uint8[n, 256]."""
    groups = x.reshape(-1, 32)
    if importance is None:
        total = np.zeros(len(groups), np.float32)
        for i in range(32):
            total += groups[:, i] * groups[:, i]
        w = np.sqrt(total / np.float32(32))[:, None] + np.abs(groups)
        scales, minima, q = search_affine(groups, w, n_max, *search)
        scale, sixths = _six_bit(scales.reshape(-1, 8))
        minimum, sixths_minima = _six_bit(minima.reshape(-1, 8))
    else:
        wide = x.reshape(-1, 256)
        total = np.zeros(len(wide), np.float32)
        for i in range(256):
            total += wide[:, i] * wide[:, i]
        mean = np.float32(2) * total / np.float32(256)
        each = np.broadcast_to(importance, x.shape).reshape(-1, 256)
        w = (each * np.sqrt(mean[:, None] + wide * wide)).reshape(-1, 32)
        scales, minima, q = search_affine(groups, w, n_max, -0.9, 0.05, 36)
        sums = np.zeros(len(w), np.float32)
        for i in range(32):
            sums += w[:, i]
        scale, sixths = search_positive(scales.reshape(-1, 8), sums.reshape(-1, 8), 63)
        minimum, sixths_minima = search_positive(minima.reshape(-1, 8), sums.reshape(-1, 8), 63)
        if n_max == 31:
            # ggml does so for Q5_K alone; in Q4_K a step over 63 spills into its neighbour's bits.
            sixths, sixths_minima = np.minimum(sixths, 63), np.minimum(sixths_minima, 63)
    packed = k_scales.pack(sixths, sixths_minima)
    sixths, sixths_minima = k_scales.unpack(packed)
    d = (_half(scale)[:, None] * sixths.astype(np.float32)).reshape(-1, 1)
    m = (_half(minimum)[:, None] * sixths_minima.astype(np.float32)).reshape(-1, 1)
    again = np.clip(nearest((groups + m) / d), 0, n_max).astype(np.uint8)
    # Where the 6-bit scale is 0, ggml keeps the steps of the search.
    return scale, minimum, packed, np.where(d == 0, q, again).reshape(-1, 256)


def _half(x: Floats) -> Floats:
    return x.astype(np.float16).astype(np.float32)


def _six_bit(x: Floats) -> tuple[Floats, Bytes]:
    highest = np.maximum(x.max(axis=1), _ZERO)
    inverse = np.where(highest > 0, np.float32(63) / highest, _ZERO)
    return highest / np.float32(63), np.minimum(as_byte(nearest(inverse[:, None] * x)), 63).astype(np.uint8)


def encode_q4_k(x: Floats, importance: Floats | None) -> Blocks:
    """Turn float32[rows, columns] into blocks of Q4_K."""
    scale, minimum, groups, q = _k_affine(x, importance, 15, (-1.0, 0.1, 20))
    blocks = np.empty(len(q), q4_k.BLOCK)
    blocks["scale"], blocks["minimum"], blocks["groups"] = scale, minimum, groups
    blocks["q"] = join_bits(q.reshape(-1, 4, 2, 32), 4).reshape(-1, 128)
    return blocks


def encode_q5_k(x: Floats, importance: Floats | None) -> Blocks:
    """Turn float32[rows, columns] into blocks of Q5_K."""
    scale, minimum, groups, q = _k_affine(x, importance, 31, (-0.5, 0.1, 15))
    blocks = np.empty(len(q), q5_k.BLOCK)
    blocks["scale"], blocks["minimum"], blocks["groups"] = scale, minimum, groups
    blocks["q"] = join_bits((q & np.uint8(15)).reshape(-1, 4, 2, 32), 4).reshape(-1, 128)
    blocks["high"] = join_bits((q >> np.uint8(4)).reshape(-1, 8, 32), 1)
    return blocks


def encode_q6_k(x: Floats, importance: Floats | None) -> Blocks:
    """Turn float32[rows, columns] into blocks of Q6_K."""
    groups = x.reshape(-1, 16)
    w = groups * groups if importance is None else np.broadcast_to(importance, x.shape).reshape(-1, 16)
    scales, q = search_symmetric(groups, w, 32)
    scales = scales.reshape(-1, 16)
    largest = np.take_along_axis(scales, np.abs(scales).argmax(axis=1)[:, None], axis=1)
    inverse = np.float32(-128) / largest
    blocks = np.empty(len(scales), q6_k.BLOCK)
    blocks["scale"] = (np.float32(1) / inverse)[:, 0]
    blocks["scales"] = np.minimum(nearest(inverse * scales), 127)
    d = (blocks["scale"].astype(np.float32)[:, None] * blocks["scales"].astype(np.float32)).reshape(-1, 1)
    again = (np.clip(nearest(groups / d), -32, 31) + 32).astype(np.uint8)
    q = np.where(d == 0, q, again).reshape(-1, 256)
    blocks["low"] = join_bits((q & np.uint8(15)).reshape(-1, 2, 2, 64), 4).reshape(-1, 128)
    blocks["high"] = join_bits((q >> np.uint8(4)).reshape(-1, 2, 4, 32), 2).reshape(-1, 64)
    blocks[np.abs(largest[:, 0]) < _SMALLEST_GROUP] = np.zeros((), q6_k.BLOCK)
    return blocks


ENCODERS: dict[str, Callable[[Floats, Floats | None], Blocks]] = {
    "Q8_0": encode_q8_0,
    "Q4_0": encode_q4_0,
    "Q4_1": encode_q4_1,
    "Q5_0": encode_q5_0,
    "Q5_1": encode_q5_1,
    "Q2_K": encode_q2_k,
    "Q3_K": encode_q3_k,
    "Q4_K": encode_q4_k,
    "Q5_K": encode_q5_k,
    "Q6_K": encode_q6_k,
    "IQ4_NL": encode_iq4_nl,
    "IQ4_XS": encode_iq4_xs,
    "MXFP4": encode_mxfp4,
}
