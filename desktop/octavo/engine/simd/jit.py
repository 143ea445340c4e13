"""The one way to compile: ``@kernel`` for functions called by kernels, ``@entry`` for those called from Python.

Both release the global lock, are cached, and check nothing: every address and size was decided at the door.
An entry compiles when its address is first asked for, so importing a module of kernels costs nothing, and a
model compiles only what its block types need. What was compiled before comes from the cache, without numba.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

from octavo.engine.simd.cache import cached_code, keep_code
from octavo.engine.simd.inner import Kernel
from octavo.engine.simd.machine_code import MachineCode

_Function = TypeVar("_Function", bound=Callable[..., Any])


def kernel(function: _Function) -> _Function:
    """Compile ``function`` into its callers, or beside them when it is large."""
    return cast("_Function", Kernel(function))


def variant(*names: object) -> Callable[[_Function], _Function]:
    """Compile one of several functions that a factory makes from one source, as ``kernel`` does.

    ``names`` tell them apart in whatever shows compiled code.
    """

    def make(function: _Function) -> _Function:
        function.__qualname__ += "".join(f"_{name}" for name in names)
        return kernel(function)

    return make


def separate(function: _Function) -> _Function:
    """Compile ``function`` once, and call it: for large bodies with several callers."""
    return kernel(function)


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
        self._lock = threading.Lock()
        self._code: MachineCode | None = None
        self._call: Any = None  # a ctypes function pointer
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__

    @property
    def place(self) -> str:
        """Where to import it from: ``octavo.engine.kernels.matvec:matvec_q8_0``."""
        return f"{self._function.__module__}:{self.__name__}"

    @property
    def is_shared(self) -> bool:
        """Whether the function is the engine's own: only their sources are in the cache's key."""
        return self._function.__module__.startswith("octavo.engine.")

    @property
    def is_compiled(self) -> bool:
        """Whether asking for the address compiles nothing; loads the code from the cache if it is there."""
        with self._lock:
            return self._find()

    def _find(self) -> bool:
        if self._code is None and self.is_shared:
            code = cached_code(self.place)
            self._code = MachineCode(code) if code is not None else None
        return self._code is not None

    def compile(self) -> None:
        """Compile it into the cache, or into this process where the cache cannot be written."""
        with self._lock:
            if self._find():
                return
            from octavo.engine.simd.compile import object_code

            code = object_code(self._function, self._n_arguments)
            if self.is_shared:
                keep_code(self.place, code)
            self._code = MachineCode(code)

    @property
    def address(self) -> int:
        """The C address; compiles or loads from the cache at first. Threads may ask at once."""
        if self._code is None:
            self.compile()
        assert self._code is not None
        return self._code.address

    def __call__(self, *arguments: int) -> int:
        """Call it from Python; ctypes releases the global lock meanwhile."""
        if self._call is None:
            prototype = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * self._n_arguments)
            self._call = prototype(self.address)
        return int(self._call(*arguments))


def entry(function: Callable[..., int]) -> Entry:
    """Make ``function`` callable from Python and through its address."""
    return Entry(function)
