"""Rows of every block type as a file may hold them: random, and what a careless kernel would get wrong."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.codec import decode
from octavo.engine.blocks.types import BlockType, block_type
from octavo.engine.kernels.weights import Weights

# Where the half-precision scales stand in a block.
_SCALES_AT = {
    "Q8_0": (0,),
    "Q4_0": (0,),
    "Q4_1": (0, 2),
    "Q5_0": (0,),
    "Q5_1": (0, 2),
    "Q2_K": (80, 82),
    "Q3_K": (108,),
    "Q4_K": (0, 2),
    "Q5_K": (0, 2),
    "Q6_K": (208,),
    "IQ4_NL": (0,),
    "IQ4_XS": (0,),
    "MXFP4": (),  # its scale is a byte
    "INT4_G32": (0,),
    "INT4_G64": (0,),
    "INT4_G128": (0,),
}
QUANTIZED = tuple(_SCALES_AT)
FLOATS = ("F32", "F16", "BF16")
ALL = (*QUANTIZED, *FLOATS)
KINDS = ("random", "negative", "zero", "largest", "subnormal", "all ones")


def columns_of(name: str) -> tuple[int, ...]:
    """Widths that the block type can have: one block, and those of real models."""
    smallest = block_type(name).n_weights
    return tuple(columns for columns in (32, 64, 128, 256, 576, 640, 768, 1536) if columns % smallest == 0)


def _scales(kind: str, shape: tuple[int, ...], random: np.random.Generator) -> npt.NDArray[np.float16]:
    fixed = {"zero": 0.0, "largest": 65504.0, "subnormal": 2.0**-24, "all ones": 0.125}
    values = random.uniform(0.01, 0.1, shape)
    if kind == "negative":
        values *= np.where(random.random(shape) < 0.5, -1, 1)
    return np.full(shape, fixed[kind], np.float16) if kind in fixed else values.astype(np.float16)


def raw_rows(name: str, rows: int, columns: int, kind: str = "random") -> npt.NDArray[np.uint8]:
    """uint8[rows, row_bytes]."""
    random = np.random.default_rng(rows * columns)
    if name in FLOATS:
        sizes = {"zero": 0.0, "largest": 1e4, "subnormal": 1e-6}
        values = random.standard_normal((rows, columns)).astype(np.float32) * np.float32(sizes.get(kind, 1))
        if name == "BF16":
            return np.ascontiguousarray(values.view(np.uint16)[:, 1::2]).view(np.uint8)
        return values.astype(np.float32 if name == "F32" else np.float16).view(np.uint8)
    raw = random.integers(0, 256, (rows, block_type(name).row_bytes(columns)), dtype=np.uint8)
    if kind == "all ones":
        raw[:] = 255
    blocks = raw.reshape(rows, -1, block_type(name).n_bytes)
    for at in _SCALES_AT[name]:
        scales = _scales(kind, (*blocks.shape[:2], 1), random)
        blocks[:, :, at : at + 2] = scales.view(np.uint8)
    if name == "MXFP4":
        exponents = {"zero": 0, "largest": 200, "subnormal": 1}
        blocks[:, :, 0] = exponents.get(kind, 118) + random.integers(0, 8, blocks.shape[:2])
    if name.startswith("INT4"):
        blocks[:, :, 2] &= 31
    return raw


def packed(raw: npt.NDArray[np.uint8], kind: BlockType) -> Weights:
    """The rows as the kernels hold them."""
    columns = raw.shape[1] // kind.n_bytes * kind.n_weights
    weights = Weights(kind, raw.shape[0], columns)
    weights.fill(lambda row, n: raw[row : row + n], 0, weights.n_groups)
    return weights


def make(name: str, rows: int, columns: int, kind: str = "random") -> tuple[Weights, npt.NDArray[np.float64]]:
    """Packed weights and what they mean, float64[rows, columns]."""
    raw = raw_rows(name, rows, columns, kind)
    return packed(raw, block_type(name)), decode(raw, block_type(name)).astype(np.float64)
