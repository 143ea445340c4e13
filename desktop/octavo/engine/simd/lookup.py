"""Tables of 16 bytes, looked up by 64 nibbles at once: one instruction where the tier has it."""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from octavo.engine.simd.lowering import Operation, call, constant, i8, operation, shuffle, v16i32, v64i8
from octavo.engine.simd.tier import active_tier

_v32i8 = ir.VectorType(i8, 32)


def _shuffled(b, name, table, kind, indexes):
    places = ir.Constant(kind, [value & 255 for value in table] * (kind.count // 16))
    return call(b, name, kind, [places, indexes])


def _chosen(b, table, indexes):
    """Halve the table four times, bit by bit; for processors without an instruction that all of them have."""
    rest = [constant(v64i8, value & 255) for value in table]
    for bit in range(4):
        one = constant(v64i8, 1 << bit)
        mask = b.sext(b.icmp_unsigned("==", b.and_(indexes, one), one), v64i8)
        rest = [b.xor(x, b.and_(b.xor(x, y), mask)) for x, y in zip(rest[::2], rest[1::2], strict=True)]
    return rest[0]


def nibble_table(values: Sequence[int]) -> Operation:
    """An operation ``"I:I"`` that replaces each of 64 bytes, all 0 to 15, by the byte of that number.

    Parameters
    ----------
    values : sequence of 16 int
        -128 to 255.
    """

    def look_up(b, indexes):
        tier = active_tier().name
        indexes = b.bitcast(indexes, v64i8)
        if tier == "avx512":
            found = _shuffled(b, "llvm.x86.avx512.pshuf.b.512", values, v64i8, indexes)
        elif tier == "avx2":
            halves = [shuffle(b, indexes, indexes, range(start, start + 32)) for start in (0, 32)]
            low, high = (_shuffled(b, "llvm.x86.avx2.pshuf.b", values, _v32i8, half) for half in halves)
            found = shuffle(b, low, high, range(64))
        else:
            found = _chosen(b, values, indexes)
        return b.bitcast(found, v16i32)

    made: Operation = operation("I:I")(look_up)
    return made
