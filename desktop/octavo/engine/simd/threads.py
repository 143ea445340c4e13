"""Atomics and the pause of a spin loop, for threads inside compiled code."""

from __future__ import annotations

import platform

from llvmlite import ir

from octavo.engine.simd.lowering import call, i32, i64, operation, pointer


@operation("l:pl")
def fetch_add(b, p, x):
    """Add to the int64 at ``p``; the value before."""
    return b.atomic_rmw("add", pointer(b, p, i64), x, "seq_cst")


@operation("l:pl")
def exchange(b, p, x):
    """Write the int64 at ``p``, sequentially consistent; the value before."""
    return b.atomic_rmw("xchg", pointer(b, p, i64), x, "seq_cst")


@operation("l:p")
def load_acquire(b, p):
    """The int64 at ``p``; nothing after it moves before."""
    return b.load_atomic(pointer(b, p, i64), "seq_cst", 8)


@operation("v:pl")
def store_release(b, p, x) -> None:
    """Write the int64 at ``p``; nothing before it moves after."""
    b.store_atomic(x, pointer(b, p, i64), "release", 8)


@operation("v:")
def pause(b) -> None:
    """Tell the core that this is a spin loop."""
    machine = platform.machine().lower()
    if machine in ("x86_64", "amd64"):
        call(b, "llvm.x86.sse2.pause", ir.VoidType(), [])
    elif machine in ("aarch64", "arm64"):
        call(b, "llvm.aarch64.hint", ir.VoidType(), [ir.Constant(i32, 1)])
