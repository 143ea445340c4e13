"""Folders whose matrices are FP8 E4M3 with scales for blocks, rows or the whole: Qwen3-FP8, DeepSeek, llm-compressor.

Of a matrix (transformers, ``integrations/finegrained_fp8.py``; compressed-tensors, ``float-quantized``)::

    weight                            e4m3[rows, columns]
    weight_scale_inv or weight_scale  f32, bf16 or f16[rows / height, columns / width], [rows, 1], [1] or []

    weight = bf16(scale * e4m3)

The rows are shown as BF16, the numbers that transformers computes with when it undoes the quantization. What scales
activations concerns other programs only, and is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from octavo.engine.checkpoint.hf_config import Config
from octavo.engine.checkpoint.int4_parts import Part, Parts, Sources
from octavo.engine.checkpoint.json_files import JsonObject
from octavo.engine.checkpoint.packed_matrix import PackedEntry
from octavo.engine.checkpoint.refusals import shown, unreadable, unsupported
from octavo.engine.checkpoint.safetensors_header import Entry, as_float32
from octavo.engine.checkpoint.source_file import SourceFile

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FP8 = "F8_E4M3"
_SCALES = ("weight_scale_inv", "weight_scale")
_LEFT_OUT = ("input_scale", "activation_scale")
_SCALE_TYPES = ("F32", "BF16", "F16")


def check_scheme(config: Config, given: JsonObject) -> None:
    """Refuse another kind of FP8 than E4M3, and blocks whose sides are no powers of 2."""
    form, sides = given.get("fmt", "e4m3"), given.get("weight_block_size") or []
    if form != "e4m3":
        raise unsupported(
            config.path.parent, f"FP8 in the format '{shown(str(form), 30)}' is not supported yet, only e4m3."
        )
    _check_sides(config, sides)


def check_compressed(config: Config, given: JsonObject) -> None:
    """The same for compressed-tensors."""
    for weights in _weights(given):
        _check_sides(config, weights.get("block_structure") or [])


def is_fp8(given: JsonObject) -> bool:
    """Whether compressed-tensors holds nothing but floats of 8 bits."""
    kinds = [(each.get("num_bits"), each.get("type")) for each in _weights(given)]
    return bool(kinds) and set(kinds) == {(8, "float")}


def _weights(given: JsonObject) -> list[JsonObject]:
    """What compressed-tensors says of the weights of each group of layers."""
    groups = given.get("config_groups")
    found = groups.values() if isinstance(groups, dict) else []
    weights = [each.get("weights") for each in found if isinstance(each, dict)]
    return [each for each in weights if isinstance(each, dict)]


def _check_sides(config: Config, sides: object) -> None:
    if not isinstance(sides, list) or any(
        type(each) is not int or each < 1 or each & (each - 1) for each in sides
    ):
        raise unsupported(config.path.parent, "FP8 in blocks of that size is not supported yet.")


def joined_fp8(folder: Path, sources: Sources) -> Sources:
    """The folder's tensors, those of FP8 with their scales in them."""
    parts = Parts(folder, sources)
    result: dict[str, tuple[SourceFile, Entry]] = {}
    for name, (file, entry) in sources.items():
        stem, _, suffix = name.rpartition(".")
        weight = sources.get(f"{stem}.weight")
        if suffix in (*_SCALES, *_LEFT_OUT) and weight is not None and weight[1].dtype == FP8:
            continue
        is_matrix = suffix == "weight" and entry.dtype == FP8
        result[name] = (file, _entry(parts, stem) if is_matrix else entry)
    return result


def _entry(parts: Parts, stem: str) -> PackedEntry:
    """The matrix of one linear layer."""
    weight = parts.need(stem, "weight", (FP8,))
    rows, columns = weight.entry.shape
    scale = next((found for each in _SCALES if (found := parts.get(stem, each)) is not None), None)
    if scale is None:
        raise unreadable(parts.folder, f"the tensor {shown(stem)}.{_SCALES[0]} is missing.")
    shape = scale.entry.shape
    high, wide = shape if len(shape) == 2 else (1, 1)
    if scale.entry.dtype not in _SCALE_TYPES or len(shape) > 2 or (len(shape) == 1 and shape != (1,)):
        raise _misfit(parts, stem)
    height, width = _side(rows, high), _side(columns, wide)
    if not height or not width:
        raise _misfit(parts, stem)
    read_scales = _scales(scale, wide, height)

    def read_rows(first: int, n: int) -> npt.NDArray[np.uint8]:
        import numpy as np

        from octavo.engine.blocks.codec import encode
        from octavo.engine.blocks.fp8 import decode_e4m3
        from octavo.engine.blocks.types import block_type

        weights = decode_e4m3(weight.rows(first, n))
        weights *= np.repeat(read_scales(first, n), width, axis=1)[:, :columns]
        return encode(weights, block_type("BF16"))

    return PackedEntry("BF16", (rows, columns), 0, read_rows)


def _side(n: int, n_blocks: int) -> int:
    """Weights along one side of a block, the last block may be cut off; 0 if they cannot be shared out.

    The side is a power of 2 in every folder, unless a block is the whole: so the number of blocks is enough to know it.
    """
    if n_blocks == 1:
        return n
    sides = (1 << power for power in range(20))
    return next((side for side in sides if -(-n // side) == n_blocks), 0)


def _scales(part: Part, wide: int, height: int) -> Callable[[int, int], npt.NDArray[np.float32]]:
    """What gives the scales of rows, float32[rows, blocks]."""

    def read(first: int, n: int) -> npt.NDArray[np.float32]:
        import numpy as np

        low, high = first // height, -(-(first + n) // height)
        size = wide * part.entry.item_bytes
        raw = np.frombuffer(part.file.read(part.entry.offset + low * size, (high - low) * size), np.uint8)
        found = as_float32(raw, part.entry.dtype)
        return found.reshape(-1, wide)[np.arange(first, first + n) // height - low]

    return read


def _misfit(parts: Parts, stem: str) -> Exception:
    return unreadable(parts.folder, f"the FP8 tensors of {shown(stem)} do not fit each other.")
