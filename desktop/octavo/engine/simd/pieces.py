"""A vector of 64 bytes cut into the registers of the tier, for instructions that LLVM does not cut itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from octavo.engine.simd.lowering import i8, i16, i32, shuffle, v64i8
from octavo.engine.simd.tier import active_tier

BYTES = active_tier().vector_bytes
bytes_of = ir.VectorType(i8, BYTES)
words_of = ir.VectorType(i16, BYTES // 2)
lanes_of = ir.VectorType(i32, BYTES // 4)


def pieces(b: Any, x: Any) -> list[Any]:  # llvmlite's builder and values
    """The bytes of a vector, register by register."""
    whole = b.bitcast(x, v64i8)
    if BYTES == 64:
        return [whole]
    return [shuffle(b, whole, whole, range(start, start + BYTES)) for start in range(0, 64, BYTES)]


def joined(b: Any, parts: Sequence[Any]) -> Any:  # llvmlite's builder and values
    """What ``pieces`` has cut, or results of any width, put together again."""
    while len(parts) > 1:
        n = 2 * parts[0].type.count
        parts = [shuffle(b, *pair, range(n)) for pair in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]
