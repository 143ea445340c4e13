"""Widen F16 and BF16, and find the largest magnitude on the way."""

from __future__ import annotations

from collections.abc import Iterable

from octavo.engine.simd.arithmetic import absolute, fma, maximum, zero_f32
from octavo.engine.simd.jit import Entry, entry, kernel
from octavo.engine.simd.memory import load_bf16, load_f16, load_f32, store_f32


@kernel
def _put_largest(found: int, top, bad) -> None:
    """``bad`` holds a NaN if any weight is infinite or not a number: each was multiplied by zero and added."""
    store_f32(found, top)
    store_f32(found + 64, bad)


@entry
def f16(source: int, target: int, found: int, n_vectors: int) -> int:
    """Write ``n_vectors`` of 16 float32; ``found`` takes float32[32]."""
    top = zero_f32()
    bad = zero_f32()
    for n in range(n_vectors):
        x = load_f16(source + 32 * n)
        store_f32(target + 64 * n, x)
        top = maximum(absolute(x), top)
        bad = fma(x, zero_f32(), bad)
    _put_largest(found, top, bad)
    return 0


@entry
def bf16(source: int, target: int, found: int, n_vectors: int) -> int:
    """Write ``n_vectors`` of 16 float32; ``found`` takes float32[32]."""
    top = zero_f32()
    bad = zero_f32()
    for n in range(n_vectors):
        x = load_bf16(source + 32 * n)
        store_f32(target + 64 * n, x)
        top = maximum(absolute(x), top)
        bad = fma(x, zero_f32(), bad)
    _put_largest(found, top, bad)
    return 0


@entry
def largest(source: int, found: int, n_vectors: int) -> int:
    """Look at ``n_vectors`` of 16 float32; ``found`` takes float32[32]."""
    top = zero_f32()
    bad = zero_f32()
    for n in range(n_vectors):
        x = load_f32(source + 64 * n)
        top = maximum(absolute(x), top)
        bad = fma(x, zero_f32(), bad)
    _put_largest(found, top, bad)
    return 0


def widen_entries(names: Iterable[str]) -> list[Entry]:
    """What reads rows of the named block types; those of blocks are decoded first, and looked at."""
    by_name = {"F16": f16, "BF16": bf16}
    return [*dict.fromkeys(by_name.get(each, largest) for each in names), largest]
