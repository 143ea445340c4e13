"""Groups of weights side by side in the 16 lanes, and masks of lanes."""

from __future__ import annotations

from octavo.engine.simd.arithmetic import absolute, splat_f32, where_greater, zero_f32
from octavo.engine.simd.jit import kernel, separate
from octavo.engine.simd.lowering import constant, i16, i32, operation, v16i32
from octavo.engine.simd.memory import get_f32, put_f32

INFINITY = float("inf")


@operation("i:I")
def lane_mask(b, x):
    """Bit i is set where lane i is not 0."""
    return b.zext(b.bitcast(b.icmp_unsigned("!=", x, constant(v16i32, 0)), i16), i32)


@separate
def to_lanes(source: int, n_groups: int, size: int, target: int) -> int:
    """Write float32[size, 16]: weight i of group j in lane j of row i; the last group fills lanes left over.

    ``source`` points to float32[n_groups, size].
    """
    for j in range(16):
        group = source + min(j, n_groups - 1) * size * 4
        for i in range(size):
            put_f32(target + (i * 16 + j) * 4, get_f32(group + i * 4))
    return 0


@kernel
def finite_or_zero(x):
    """0 where ``x`` is infinite: ggml's rounding makes such steps the lowest one."""
    return where_greater(splat_f32(INFINITY), absolute(x), x, zero_f32())
