"""Groups of weights side by side in the 16 lanes, and masks of lanes."""

from __future__ import annotations

from octavo.engine.simd.arithmetic import absolute, add, splat_f32, where_greater, zero_f32
from octavo.engine.simd.jit import kernel, separate
from octavo.engine.simd.lowering import constant, i16, i32, operation, pointer, shuffle, v16f32, v16i32
from octavo.engine.simd.memory import get_f32, load_f32, put_f32

INFINITY = float("inf")
# Groups of weights (or of scales) no farther from 0 count as zeros: GROUP_MAX_EPS of ggml.
SMALLEST_GROUP = 1e-15


@operation("i:I")
def lane_mask(b, x):
    """Bit i is set where lane i is not 0."""
    return b.zext(b.bitcast(b.icmp_unsigned("!=", x, constant(v16i32, 0)), i16), i32)


@operation("v:plp")
def _transpose(b, source, stride, target) -> None:
    """Write float32[16, 16] with rows and columns exchanged; source rows are ``stride`` bytes apart."""
    rows = []
    for _ in range(16):
        rows.append(b.load(pointer(b, source, v16f32), align=1))
        source = b.add(source, stride)
    # Shuffling the two halves of the rows into each other four times exchanges rows and columns.
    for _ in range(4):
        halves = zip(rows[:8], rows[8:], strict=True)
        rows = [
            shuffle(b, x, y, [lane for i in range(start, start + 8) for lane in (i, 16 + i)])
            for x, y in halves
            for start in (0, 8)
        ]
    start = pointer(b, target, v16f32)
    for i, row in enumerate(rows):
        b.store(row, b.gep(start, [i32(i)]), align=1)


@separate
def to_lanes(source: int, n_groups: int, size: int, target: int) -> int:
    """Write float32[size, 16]: weight i of group j in lane j of row i; the last group fills lanes left over.

    ``source`` points to float32[n_groups, size].
    """
    if n_groups == 16 and size % 16 == 0:
        for i in range(0, size, 16):
            _transpose(source + i * 4, size * 4, target + i * 64)
        return 0
    for j in range(16):
        group = source + min(j, n_groups - 1) * size * 4
        for i in range(size):
            put_f32(target + (i * 16 + j) * 4, get_f32(group + i * 4))
    return 0


@kernel
def finite_or_zero(x):
    """0 where ``x`` is infinite: ggml's rounding makes such steps the lowest one."""
    return where_greater(splat_f32(INFINITY), absolute(x), x, zero_f32())


@kernel
def sum_rows(x: int, size: int):
    """The sum of each lane of float32[size, 16], row after row."""
    total = zero_f32()
    for i in range(0, 64 * size, 64):
        total = add(total, load_f32(x + i))
    return total
