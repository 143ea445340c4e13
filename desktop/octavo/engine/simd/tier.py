"""Which instructions the kernels may use, decided before anything compiles.

A tier is a floor that many processors share, not one processor: kernels compiled for a tier can be cached,
moved and shipped. Compiling for instructions that a processor lacks ends the whole process, so the choice is made
here from the processor's own report, and numba is told through its environment before it is imported.

``OCTAVO_TIER`` overrides the choice; a tier that this processor cannot run is refused.
"""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from functools import cache

from octavo.engine.errors import OctavoError


def is_arm() -> bool:
    """Whether this is a processor of ARM's 64 bits, which all have NEON."""
    return platform.machine().lower() in ("aarch64", "arm64")


@dataclass(frozen=True)
class Tier:
    """One set of instructions.

    Parameters
    ----------
    name : str
        What ``OCTAVO_TIER`` takes and ``octavo bench`` prints.
    cpu, features : str
        LLVM's names of the processor to compile for and of what it has beyond that.
    needs : tuple of str
        LLVM's names of the features that a processor must report; empty for any.
    """

    name: str
    cpu: str
    features: str
    needs: tuple[str, ...] = ()

    @property
    def vector_bytes(self) -> int:
        """Of a register."""
        if "avx512bw" in self.needs:
            return 64
        return 32 if "avx2" in self.needs else 16

    @property
    def has_byte_tables(self) -> bool:
        """Whether 16 bytes are looked up by an instruction."""
        return "ssse3" in self.needs or is_arm()

    @property
    def has_byte_products(self) -> bool:
        """Whether products of bytes and the sums of neighbours are one instruction."""
        return "ssse3" in self.needs

    @property
    def has_dots(self) -> bool:
        """Whether four products of bytes and their sum are one instruction."""
        return "avx512vnni" in self.needs or "avxvnni" in self.needs

    @property
    def has_half(self) -> bool:
        """Whether half precision is converted by an instruction."""
        return "f16c" in self.needs or is_arm()


_V2 = ("sse3", "ssse3", "sse4.1", "sse4.2", "popcnt")
_V3 = (*_V2, "avx", "avx2", "fma", "f16c", "bmi", "bmi2", "lzcnt", "movbe")
_V4 = (*_V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")

_X86 = (
    Tier("avx512", "x86-64-v4", "+avx512vnni", (*_V4, "avx512vnni")),
    Tier("avxvnni", "x86-64-v3", "+avxvnni", (*_V3, "avxvnni")),
    Tier("avx2", "x86-64-v3", "", _V3),
    Tier("sse4", "x86-64-v2", "", _V2),
    Tier("portable", "x86-64", ""),
)


@cache
def available_tiers() -> tuple[Tier, ...]:
    """The tiers that this processor can run, fastest first."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return (Tier("portable", "", ""),)
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    return tuple(tier for tier in _X86 if all(features.get(need) for need in tier.needs))


@cache
def active_tier() -> Tier:
    """The tier of this process; raises OctavoError for an ``OCTAVO_TIER`` that cannot run here."""
    available = available_tiers()
    wanted = os.environ.get("OCTAVO_TIER", "")
    if not wanted:
        return available[0]
    for tier in available:
        if tier.name == wanted:
            return tier
    names = ", ".join(tier.name for tier in available)
    raise OctavoError(
        f"This processor cannot run the tier {wanted!r} of OCTAVO_TIER.", f"It can run: {names}."
    )


@cache
def configure_numba() -> None:
    """Tell numba the tier through its environment; must come before ``import numba``."""
    if "numba" in sys.modules:
        raise RuntimeError("numba was imported before octavo.engine.simd.tier.configure_numba()")
    tier = active_tier()
    if tier.cpu:
        os.environ["NUMBA_CPU_NAME"] = tier.cpu
        os.environ["NUMBA_CPU_FEATURES"] = tier.features
    # Compiled code may call what every system has, and this library it has not.
    os.environ["NUMBA_DISABLE_INTEL_SVML"] = "1"
