"""Numba, imported once and only after it has been told the tier; everything else takes it from here."""

from octavo.engine.simd.tier import configure_numba

configure_numba()

import numba  # noqa: E402  # the tier must be in the environment first
from numba import types  # noqa: E402
from numba.core import cgutils  # noqa: E402
from numba.extending import intrinsic, models, register_model  # noqa: E402

__all__ = ["cgutils", "intrinsic", "models", "numba", "register_model", "types"]
