"""Importance matrices made by llama.cpp's ``llama-imatrix``: how much the error of each input column counts.

Two layouts (``common/imatrix-loader.cpp``). A GGUF file holds for each matrix ``NAME.in_sum2``, sums of squared inputs
float32[experts, columns], and ``NAME.counts``, float32[experts], by which they are divided. The older ``.dat`` file::

    int32 n, then n times: int32 length | name | int32 n_calls | int32 n_values | float32 values[n_values]

holds means multiplied by the number of calls.
"""

from __future__ import annotations

import struct
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt

from octavo.engine.checkpoint.gguf_head import MAGIC, Head, read_head
from octavo.engine.checkpoint.source_file import SourceFile
from octavo.engine.errors import OctavoError

Floats = npt.NDArray[np.float32]
_SUMS, _COUNTS = ".in_sum2", ".counts"
_MOST_ENTRIES, _LONGEST_NAME = 65536, 4096


def read_imatrix(path: Path) -> dict[str, Floats]:
    """The importance of every column, float32[experts, columns] under the matrix's name; dense ones have one row.

    Raises
    ------
    OctavoError
        It is no importance matrix.
    """
    try:
        with closing(SourceFile(path)) as file:
            is_gguf = file.size >= 4 and file.read(0, 4) == MAGIC
            found = _from_gguf(file) if is_gguf else _from_dat(file)
    except OSError as error:
        raise OctavoError(f"The importance matrix {path} cannot be read: {error.strerror}.") from error
    if not found:
        raise _refusal(path)
    if not all(np.isfinite(each).all() and (each >= 0).all() for each in found.values()):
        raise OctavoError(f"The importance matrix {path.name} holds numbers that are no importances.")
    return found


def _refusal(path: Path) -> OctavoError:
    return OctavoError(
        f"{path.name} is no importance matrix.", "It takes a file that llama-imatrix wrote, .gguf or .dat."
    )


def _from_gguf(file: SourceFile) -> dict[str, Floats]:
    head = read_head(file)
    found = {}
    for tensor in head.tensors:
        name = tensor.name.removesuffix(_SUMS)
        if name == tensor.name:
            continue
        sums, counts = _numbers(file, head, name + _SUMS), _numbers(file, head, name + _COUNTS)
        if counts.size == 0 or sums.size % counts.size:
            raise _refusal(file.path)
        counts = np.rint(counts).reshape(-1, 1)
        sums = sums.reshape(len(counts), -1)
        # An expert that no token reached: all its columns count the same.
        found[name] = np.divide(sums, counts, out=np.ones_like(sums), where=counts > 0)
    return found


def _numbers(file: SourceFile, head: Head, name: str) -> Floats:
    tensor = next((each for each in head.tensors if each.name == name), None)
    if tensor is None or tensor.block_type.name != "F32":
        raise _refusal(file.path)
    return np.frombuffer(file.read(head.offsets[name], tensor.n_bytes), np.float32)


def _from_dat(file: SourceFile) -> dict[str, Floats]:
    at = 0

    def take(n_bytes: int) -> bytes:
        nonlocal at
        if n_bytes < 0 or at + n_bytes > file.size:
            raise _refusal(file.path)
        at += n_bytes
        return bytes(file.read(at - n_bytes, n_bytes))

    def number() -> int:
        return int(struct.unpack("<i", take(4))[0])

    found = {}
    n_entries = number()
    if not 0 < n_entries <= _MOST_ENTRIES:
        raise _refusal(file.path)
    for _ in range(n_entries):
        length = number()
        if not 0 < length <= _LONGEST_NAME:
            raise _refusal(file.path)
        name = take(length).decode("utf-8", "replace")
        n_calls, n_values = number(), number()
        if n_values < 1:
            raise _refusal(file.path)
        values = np.frombuffer(take(4 * n_values), np.float32)
        found[name] = (values / np.float32(n_calls) if n_calls > 0 else values).reshape(1, -1)
    return found
