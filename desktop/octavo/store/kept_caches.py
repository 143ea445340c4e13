"""What a model has read of a conversation, kept in files so that it need not be read again.

Losing one costs only time. A conversation has one file at most, and all together a limit: those used longest ago
go first.
"""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path

from octavo.engine.errors import OctavoError
from octavo.engine.folders import cache_folder

MOST_BYTES = 2 << 30
_KEY = re.compile(r"[A-Za-z0-9-]{1,64}")
_ENDING = ".kv"
_STALE_SECONDS = 3600


def chat_key(chat_id: int) -> str:
    """The key of a chat of the store."""
    return f"chat-{chat_id}"


class KeptCaches:
    """The files of one folder.

    Parameters
    ----------
    folder : Path, optional
        By default one in Octavo's cache folder.
    most_bytes : int
        What all may take together.
    """

    def __init__(self, folder: Path | None = None, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder or cache_folder() / "conversations"
        self.most_bytes = most_bytes

    def path(self, key: str) -> Path:
        """Where the file of a conversation lies, or would; its folder is there."""
        if not _KEY.fullmatch(key):
            raise OctavoError("The key of a conversation is made of letters, digits and hyphens.")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._folder / f"{key}{_ENDING}"

    def forget(self, key: str) -> None:
        """Remove the file of a conversation, if there is one."""
        self.path(key).unlink(missing_ok=True)

    def prune(self) -> None:
        """Remove what is over the limit, and what a killed process has left half-written."""
        for path in self._folder.glob("*.partial"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                    path.unlink()
        found = []
        for path in self._folder.glob(f"*{_ENDING}"):
            with contextlib.suppress(FileNotFoundError):
                facts = path.stat()
                found.append((facts.st_mtime, facts.st_size, path))
        total = 0
        for _, n_bytes, path in sorted(found, reverse=True):
            total += n_bytes
            if total > self.most_bytes:
                path.unlink(missing_ok=True)
