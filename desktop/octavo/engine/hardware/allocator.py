"""Freed memory kept for the next request, while work asks for the same sizes thousands of times.

glibc gives large blocks back to the system at once, and the system fills them with zeros before it hands them out
again: two thirds of the time of a quick conversion. Other systems' allocators are left as they are.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Iterator

# ``malloc.h``: parameters of ``mallopt``.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_USUAL_THRESHOLD = 128 * 1024
_LARGEST_BLOCK = 32 * 1024 * 1024


@contextlib.contextmanager
def freed_memory_kept(n_bytes: int) -> Iterator[None]:
    """Keep up to ``n_bytes`` that a thread has freed; all of it goes back to the system at the end."""
    library = _glibc()
    if library is None:
        yield
        return
    library.mallopt(_MMAP_THRESHOLD, _LARGEST_BLOCK)
    library.mallopt(_TRIM_THRESHOLD, n_bytes)
    library.mallopt(_TOP_PAD, n_bytes // 16)
    try:
        yield
    finally:
        library.mallopt(_MMAP_THRESHOLD, _USUAL_THRESHOLD)
        library.mallopt(_TRIM_THRESHOLD, _USUAL_THRESHOLD)
        library.mallopt(_TOP_PAD, _USUAL_THRESHOLD)
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """The C library, if it knows these calls."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
