"""Numba for the modules that emit code, imported when something compiles and not before.

A warm start finds all machine code in the cache and never loads numba, which takes 0.4 s and 100 MB.
"""

from __future__ import annotations

import importlib
from typing import Any

from octavo.engine.simd.tier import configure_numba


class _Later:
    """A module that is imported when a name in it is first asked for."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:  # whatever the module holds
        configure_numba()
        return getattr(importlib.import_module(self._module), name)


cgutils = _Later("numba.core.cgutils")
