"""The header of a safetensors file: which tensors it holds, of which type, and where.

Layout (safetensors' README): length of the header as uint64, header in JSON, then the data without gaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from octavo.engine.checkpoint.json_files import parse_json
from octavo.engine.checkpoint.refusals import shown, unreadable
from octavo.engine.checkpoint.source_file import SourceFile
from octavo.engine.errors import UnreadableModel

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MAX_HEADER = 100_000_000
# The largest models of today have below 200 000 tensors, in dozens of files.
MAX_ENTRIES = 1 << 17
_MAX_DIMENSIONS = 8
_MAX_WEIGHTS = 1 << 62
_SIZES = {
    "F64": 8,
    "F32": 4,
    "F16": 2,
    "BF16": 2,
    "I64": 8,
    "I32": 4,
    "I16": 2,
    "I8": 1,
    "U64": 8,
    "U32": 4,
    "U16": 2,
    "U8": 1,
    "BOOL": 1,
    "F8_E4M3": 1,
    "F8_E5M2": 1,
    "F8_E8M0": 1,
}
_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


@dataclass(frozen=True)
class Entry:
    """One tensor in a safetensors file.

    Parameters
    ----------
    dtype : str
        As the file spells it: ``BF16``.
    shape : tuple of int
        Slowest dimension first.
    offset : int
        Bytes from the file's start.
    """

    dtype: str
    shape: tuple[int, ...]
    offset: int

    @property
    def item_bytes(self) -> int:
        """Bytes of one number."""
        return _SIZES[self.dtype]


def as_float32(raw: npt.NDArray[np.uint8], dtype: str) -> npt.NDArray[np.float32]:
    """Floats as they lie in a file, uint8[..., n * item_bytes], as float32[..., n].

    Parameters
    ----------
    dtype : str
        ``F64``, ``F32``, ``F16`` or ``BF16``.
    """
    import numpy as np

    if dtype == "BF16":
        return (raw.view("<u2").astype("<u4") << np.uint32(16)).view("<f4")
    return raw.view({"F16": "<f2", "F32": "<f4", "F64": "<f8"}[dtype]).astype("<f4")


def read_entries(file: SourceFile) -> dict[str, Entry]:
    """The tensors of a safetensors file by name, in the order of its header."""
    if file.size < 8:
        raise unreadable(file.path, "the file is empty." if not file.size else "the file is cut short.")
    lead = file.read(0, 8)
    # The length of a sound header may begin with the same two bytes, but a brace follows it.
    if lead.startswith(_PICKLES) and file.read(8, min(1, file.size - 8)) != b"{":
        raise unreadable(
            file.path, "this is a pickle under another name; those can run programs and are not read."
        )
    size = int.from_bytes(lead, "little")
    if size > MAX_HEADER:
        raise unreadable(file.path, "this is no safetensors file: its header claims to be too large.")
    if 8 + size > file.size:
        raise unreadable(file.path, "the file is cut short: it ends before its header does.")
    header = file.read(8, size)
    if header.count(b'"dtype"') > MAX_ENTRIES:
        raise unreadable(file.path, f"it claims more than the {MAX_ENTRIES} tensors allowed.")
    content = parse_json(file.path, header, unique=True)
    content.pop("__metadata__", None)
    spans = {name: _entry(file, name, value) for name, value in content.items()}
    start, end = 8 + size, 0
    for name, (_, first, last) in sorted(spans.items(), key=lambda item: item[1][1:]):
        if first != end:
            raise _bad(file, name, "its data overlaps or leaves a gap")
        end = last
    if start + end > file.size:
        raise unreadable(file.path, "the file is cut short: it ends before its weights do.")
    if start + end < file.size:
        raise unreadable(file.path, "it holds more data than its header tells of.")
    return {name: Entry(e.dtype, e.shape, start + first) for name, (e, first, _) in spans.items()}


def _entry(file: SourceFile, name: str, value: Any) -> tuple[Entry, int, int]:  # Any: still unchecked JSON.
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise _bad(file, name, "its entry is malformed")
    dtype, shape, span = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _SIZES:
        raise _bad(file, name, f"its type {shown(str(dtype), 20)} is not known")
    if not _are_sizes(shape) or len(shape) > _MAX_DIMENSIONS:
        raise _bad(file, name, "its shape is malformed")
    if not _are_sizes(span) or len(span) != 2:
        raise _bad(file, name, "its place is malformed")
    n_weights = 1
    for size in shape:
        n_weights *= size
    if n_weights >= _MAX_WEIGHTS or span[1] - span[0] != n_weights * _SIZES[dtype]:
        raise _bad(file, name, "its shape does not fit its data")
    return Entry(dtype, tuple(shape), 0), span[0], span[1]


def _are_sizes(value: Any) -> bool:  # Any: still unchecked JSON.
    return isinstance(value, list) and all(type(each) is int and 0 <= each < _MAX_WEIGHTS for each in value)


def _bad(file: SourceFile, name: str, reason: str) -> UnreadableModel:
    return unreadable(file.path, f"the tensor {shown(name)}: {reason}.")
