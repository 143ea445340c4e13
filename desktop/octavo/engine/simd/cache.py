"""Compiled kernels are kept in the user's own cache folder, keyed by what they were made from.

Numba's own locators key a file by its path and time, so a moved or reinstalled program compiles again, and a
change in a module whose functions were inlined goes unseen. Here the key is the content of every kernel source,
the tier, and the versions of numba and Python.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import __version__ as numba_version
from numba.core.caching import _CacheLocator

from octavo.engine.simd.tier import active_tier

_ENGINE = Path(__file__).resolve().parent.parent
_SOURCES = ("simd", "blocks", "kernels")


@cache
def content_key() -> str:
    """A hash of all kernel sources, the tier and the compiler; 16 hexadecimal digits."""
    digest = hashlib.sha256()
    digest.update(f"{numba_version} {sys.version_info[:2]} {active_tier()}".encode())
    for folder in _SOURCES:
        for source in sorted((_ENGINE / folder).rglob("*.py")):
            digest.update(source.name.encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


class ContentLocator(_CacheLocator):
    """Where numba keeps one function's compiled code."""

    def __init__(self, py_func: Callable[..., Any], py_file: str) -> None:
        self._py_file = py_file
        self._line = py_func.__code__.co_firstlineno
        self._folder = Path(os.environ["OCTAVO_KERNEL_CACHE"]) / content_key()

    def get_cache_path(self) -> str:
        """The folder of this content key."""
        return str(self._folder)

    def get_source_stamp(self) -> str:
        """What must be equal for a cached result to be used."""
        return content_key()

    def get_disambiguator(self) -> str:
        """What tells functions of one name apart."""
        return str(self._line)

    def ensure_cache_path(self) -> None:
        """Make the folder, readable by its owner alone: a planted cache file would be code."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> ContentLocator | None:
        """A locator for functions of Octavo's engine, None for all others."""
        if not Path(py_file).resolve().is_relative_to(_ENGINE):
            return None
        locator = cls(py_func, py_file)
        locator.ensure_cache_path()
        return locator
