"""What the loaded model has read, by conversation: kept when another takes its place, and read back.

A kept file is only a short cut: where it cannot be written or does not fit, the model reads the conversation again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

from octavo.engine.errors import OctavoError
from octavo.store.kept_caches import KeptCaches

if TYPE_CHECKING:
    from octavo.engine.inference.session import Session

# Reading fewer is as quick as a file.
_LEAST_TOKENS = 128
_SPARE_DISK_BYTES = 1 << 30


class ChatMemory:
    """Whose conversation the session holds; for one loaded model."""

    def __init__(self, session: Session, kept: KeptCaches | None = None) -> None:
        self._session = session
        self._chosen = kept
        self._key = ""
        self._saved: list[int] = []

    @property
    def _kept(self) -> KeptCaches:
        """Where conversations are kept; asked for only when there is one to keep."""
        self._chosen = self._chosen or KeptCaches()
        return self._chosen

    def turn_to(self, key: str, ids: Sequence[int]) -> None:
        """Make ready to answer ``ids`` of the conversation ``key``: keep the one before, take back what was kept."""
        if key == self._key:
            return
        self.keep()
        self._key, self._saved = key, []
        if key:
            self._take_back(ids)

    def keep(self) -> None:
        """Write what has been read of the conversation, if it is worth it and has changed."""
        tokens = self._session.tokens
        if not self._key or len(tokens) < _LEAST_TOKENS or tokens == self._saved:
            return
        n_bytes = self._session.cache_bytes
        # A full disk, or a folder without rights: then it is read again.
        with contextlib.suppress(OSError):
            path = self._kept.path(self._key)
            has_room = shutil.disk_usage(path.parent).free > n_bytes + _SPARE_DISK_BYTES
            if n_bytes <= self._kept.most_bytes // 2 and has_room:
                self._session.save(path)
                self._saved = list(tokens)
                self._kept.prune()

    def _take_back(self, ids: Sequence[int]) -> None:
        """Restore the conversation's file where more of ``ids`` is in it than the session holds."""
        from octavo.engine.inference.saved_cache import saved_tokens

        path = self._kept.path(self._key)
        try:
            found = saved_tokens(path)
            if _shared(found, ids) < _shared(self._session.tokens, ids) + _LEAST_TOKENS:
                return
            self._session.restore(path)
            self._saved = list(found)
            os.utime(path)
        except FileNotFoundError:
            return
        except (OctavoError, OSError):  # of another model or damaged: it is of no use any more
            self._session.truncate(0)
            with contextlib.suppress(OSError):
                path.unlink()


def _shared(ours: Sequence[int], wanted: Sequence[int]) -> int:
    """The length of the prefix that both have."""
    n = 0
    for one, other in zip(ours, wanted, strict=False):
        if one != other:
            break
        n += 1
    return n
