"""What ``@kernel`` makes of a function: here ``jit.py``, which makes it, meets ``compile.py``, which compiles it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Kernel:
    """A function that only compiled code calls."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.dispatcher: Any = None  # numba's, made by compile.py
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__
