"""The one way to compile: ``@kernel`` for functions called by kernels, ``@entry`` for those called from Python.

Both release the global lock, are cached, and check nothing: every address and size was decided at the door.
An entry compiles when its address is first asked for, so importing a module of kernels costs nothing, and a
model compiles only what its block types need.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from octavo.engine.simd.compiler import numba

_Function = TypeVar("_Function", bound=Callable[..., Any])
_ENGINE = Path(__file__).resolve().parent.parent
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "boundscheck": False}  # numba's own option values


def _is_cached(function: Callable[..., Any]) -> bool:
    """Whether the function is the engine's own: only their sources are in the cache's key."""
    return Path(function.__code__.co_filename).resolve().is_relative_to(_ENGINE)


def kernel(function: _Function) -> _Function:
    """Compile ``function`` into its callers, or beside them when it is large."""
    return cast("_Function", numba.njit(nogil=True, **_OPTIONS)(function))


def variant(*names: object) -> Callable[[_Function], _Function]:
    """Compile one of several functions that a factory makes from one source, as ``kernel`` does.

    Numba names compiled code after the function and a counter of the process. Variants from one source, cached by
    different processes, could meet under one name, and one would run in another's place: ``names`` tell them apart.
    """

    def make(function: _Function) -> _Function:
        function.__qualname__ += "".join(f"_{name}" for name in names)
        return kernel(function)

    return make


def _never_inline(function: Callable[..., Any]) -> Any:  # numba's dispatcher
    return numba.njit(nogil=True, inline="never", **_OPTIONS)(function)


def separate(function: _Function) -> _Function:
    """Compile ``function`` once, and call it: for large bodies with several callers."""
    return cast("_Function", _never_inline(function))


class Entry:
    """A compiled function with a C address: integers in, an integer out.

    Parameters
    ----------
    function : callable
        Takes ``n_arguments`` int64 (addresses and sizes) and returns int64.
    """

    def __init__(self, function: Callable[..., int]) -> None:
        self._function = function
        self._n_arguments = function.__code__.co_argcount
        self._compiled: Any = None  # numba's CFunc
        self._call: Any = None  # a ctypes function pointer
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__

    @property
    def is_compiled(self) -> bool:
        """Whether asking for the address costs nothing."""
        return self._compiled is not None

    @property
    def address(self) -> int:
        """The C address; compiles or loads from the cache at first."""
        if self._compiled is None:
            signature = numba.types.int64(*[numba.types.int64] * self._n_arguments)
            self._compiled = numba.cfunc(signature, cache=_is_cached(self._function), **_OPTIONS)(
                self._function
            )
        return int(self._compiled.address)

    def __call__(self, *arguments: int) -> int:
        """Call it from Python; ctypes releases the global lock meanwhile."""
        if self._call is None:
            prototype = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * self._n_arguments)
            self._call = prototype(self.address)
        return int(self._call(*arguments))


def entry(function: Callable[..., int]) -> Entry:
    """Make ``function`` callable from Python and through its address."""
    return Entry(function)
