"""Tables of 16 bytes, looked up by 64 nibbles at once: one instruction where the tier has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from octavo.engine.simd.lowering import call, constant, operation, v16i32, v64i8
from octavo.engine.simd.pieces import joined, pieces
from octavo.engine.simd.tier import active_tier, is_arm

_SHUFFLE = {16: "llvm.x86.ssse3.pshuf.b.128", 32: "llvm.x86.avx2.pshuf.b", 64: "llvm.x86.avx512.pshuf.b.512"}
_NEON = "llvm.aarch64.neon.tbl1.v16i8"


def _shuffled(b, table, indexes):
    kind = indexes.type
    places = ir.Constant(kind, [value & 255 for value in table] * (kind.count // 16))
    return call(b, _NEON if is_arm() else _SHUFFLE[kind.count], kind, [places, indexes])


def _chosen(b, table, indexes):
    """Halve the table four times, bit by bit; for processors without an instruction that all of them have."""
    rest = [constant(v64i8, value & 255) for value in table]
    for bit in range(4):
        one = constant(v64i8, 1 << bit)
        mask = b.sext(b.icmp_unsigned("==", b.and_(indexes, one), one), v64i8)
        rest = [b.xor(x, b.and_(b.xor(x, y), mask)) for x, y in zip(rest[::2], rest[1::2], strict=True)]
    return rest[0]


def nibble_table(values: Sequence[int]) -> Any:  # compiled code calls it
    """An operation ``"I:I"`` that replaces each of 64 bytes, all 0 to 15, by the byte of that number.

    Parameters
    ----------
    values : sequence of 16 int
        -128 to 255.
    """

    def look_up(b, indexes):
        if active_tier().has_byte_tables:
            return b.bitcast(joined(b, [_shuffled(b, values, each) for each in pieces(b, indexes)]), v16i32)
        return b.bitcast(_chosen(b, values, b.bitcast(indexes, v64i8)), v16i32)

    return operation("I:I")(look_up)
