"""compressed-tensors in the format ``pack-quantized``: what llm-compressor writes, and transformers and vLLM read.

Of a matrix (compressed-tensors, ``compressors/quantized_compressors/pack_quantized.py``)::

    weight_packed      int32[rows, columns / 8]    nibble i of word c is column 8 c + i, plus 8
    weight_scale       f16 or bf16[rows, columns / group]
    weight_shape       int64[2]
    weight_zero_point  int32[rows / 8, columns / group], packed along the rows, plus 8; only where not symmetric

    weight = scale * (q - zero)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.hf_config import Config
from octavo.engine.checkpoint.int4_parts import Part, Parts, codes
from octavo.engine.checkpoint.json_files import JsonObject
from octavo.engine.checkpoint.packed_matrix import PackedEntry
from octavo.engine.checkpoint.refusals import shown, unsupported

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SUFFIXES = ("weight_packed", "weight_scale", "weight_shape", "weight_zero_point")
_MIDDLE = 8


def check_scheme(config: Config, given: JsonObject) -> None:
    """Refuse what is not 4 bits in groups or rows, with activations left alone."""
    folder = config.path.parent
    form, groups = given.get("format"), given.get("config_groups")
    if form != "pack-quantized":
        raise unsupported(
            folder, f"compressed-tensors in the format '{shown(str(form), 30)}' are not supported yet."
        )
    for each in groups.values() if isinstance(groups, dict) else [None]:
        weights = each.get("weights") if isinstance(each, dict) else None
        if (
            not isinstance(each, dict)
            or not isinstance(weights, dict)
            or each.get("input_activations") is not None
        ):
            raise unsupported(
                folder, "only compressed-tensors that quantize nothing but weights are supported."
            )
        kind = (weights.get("num_bits"), weights.get("type", "int"))
        if kind != (4, "int") or weights.get("strategy") not in ("group", "channel"):
            raise unsupported(
                folder, "only compressed-tensors of 4-bit integers in groups or rows are supported."
            )


def compressed_entry(parts: Parts, stem: str) -> PackedEntry:
    """The matrix of one linear layer."""
    from octavo.engine.blocks.int4_groups import int4_type

    if parts.get(stem, "weight_g_idx") is not None:
        raise unsupported(parts.folder, "compressed-tensors with reordered columns are not supported yet.")
    weight, scale = parts.need(stem, "weight_packed"), parts.scales(stem, "weight_scale")
    (rows, words), n_groups = weight.entry.shape, scale.entry.shape[1]
    columns = _columns(parts, stem, rows)
    if -(-columns // 8) != words or scale.entry.shape[0] != rows or columns % n_groups:
        raise parts.misfit(stem)
    zero = _zero_point(parts, stem, rows, n_groups)
    kind = int4_type(columns, columns // n_groups)
    if kind is None:
        raise parts.odd_groups(stem, columns, columns // n_groups)
    if zero is None:
        kind = block_type("Q4_0")

    def read_rows(first: int, n: int) -> npt.NDArray[np.uint8]:
        q, scales = codes(weight.rows(first, n)), scale.scales(first, n)
        if zero is None:
            return _symmetric(q, scales)
        return _with_zeros(q, scales, _zeros(zero, first, n), kind.n_weights)

    return PackedEntry(kind.name, (rows, columns), 0, read_rows)


def _columns(parts: Parts, stem: str, rows: int) -> int:
    shape = parts.get(stem, "weight_shape")
    if shape is None or shape.entry.shape != (2,) or shape.entry.dtype not in ("I64", "I32"):
        raise parts.misfit(stem)
    size = shape.entry.item_bytes
    raw = shape.file.read(shape.entry.offset, 2 * size)
    first, second = (int.from_bytes(raw[n * size : (n + 1) * size], "little", signed=True) for n in (0, 1))
    if first != rows or second < 1:
        raise parts.misfit(stem)
    return second


def _zero_point(parts: Parts, stem: str, rows: int, n_groups: int) -> Part | None:
    """Packed along the rows, or (before it was packed) a byte for each."""
    if parts.get(stem, "weight_zero_point") is None:
        return None
    zero = parts.need(stem, "weight_zero_point", ("I32", "I8"))
    high = -(-rows // 8) if zero.entry.dtype == "I32" else rows
    if zero.entry.shape != (high, n_groups):
        raise parts.misfit(stem)
    return zero


def _zeros(zero: Part, first: int, n: int) -> npt.NDArray[np.uint8]:
    """The zero points of rows, uint8[rows, groups]."""
    import numpy as np

    if zero.entry.dtype == "I8":
        return (zero.rows(first, n).view(np.int8) + np.int8(_MIDDLE)).view(np.uint8)
    start, stop = first // 8, -(-(first + n) // 8)
    words = zero.rows(start, stop - start).view("<u4")
    shifts = np.arange(0, 32, 4, dtype=np.uint32)[:, None]
    found = (words[:, None] >> shifts & 15).astype(np.uint8).reshape(-1, words.shape[1])
    return found[first - 8 * start : first - 8 * start + n]


def _symmetric(q: npt.NDArray[np.uint8], scales: npt.NDArray[np.float16]) -> npt.NDArray[np.uint8]:
    """Rows of Q4_0."""
    import numpy as np

    from octavo.engine.blocks.packing import join_nibbles
    from octavo.engine.blocks.q4_0 import BLOCK

    rows, columns = q.shape
    blocks = np.empty((rows, columns // 32), BLOCK)
    blocks["scale"] = np.repeat(scales, columns // 32 // scales.shape[1], axis=1)
    blocks["q"] = join_nibbles(q.reshape(rows, -1, 32))
    return blocks.view(np.uint8)


def _with_zeros(
    q: npt.NDArray[np.uint8],
    scales: npt.NDArray[np.float16],
    zeros: npt.NDArray[np.uint8],
    group: int,
) -> npt.NDArray[np.uint8]:
    import numpy as np

    from octavo.engine.blocks.int4_groups import pack

    repeats = q.shape[1] // scales.shape[1] // group
    return pack(q, np.repeat(scales, repeats, axis=1), np.repeat(zeros, repeats, axis=1))
