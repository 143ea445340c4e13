"""Which weights a model came from: the SHA-256 of its files, found while other work reads them, and remembered."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from threading import Condition, Thread

from octavo.engine.errors import OctavoError
from octavo.engine.folders import recall, remember
from octavo.engine.progress import Progress, Work

_PIECE = 4 * 1024 * 1024
# How far the reading may be ahead of whoever works on the same bytes, so that the disk is asked once for them.
_AHEAD_BYTES = 512 * 1024 * 1024
_REMEMBERED = 200
_MEMO = "source-hashes.json"
_SAMPLE = 64 * 1024
_SAMPLES = 16
_SECONDS_BETWEEN_REPORTS = 0.1


def fingerprint(files: Sequence[Path]) -> str:
    """A quick digest of names, sizes, times and samples: another one means other files, surely enough."""
    digest = hashlib.sha256()
    for path in files:
        status = path.stat()
        digest.update(repr((path.name, status.st_size, status.st_mtime_ns)).encode())
        with path.open("rb") as file:
            for part in range(_SAMPLES + 1):
                file.seek(max(0, status.st_size - _SAMPLE) * part // _SAMPLES)
                digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


class SourceHash:
    """The SHA-256 of a model's weight files, in a thread of its own.

    Of one file it is the file's own; of several, that of the lines that ``sha256sum`` prints for them.

    Parameters
    ----------
    files : sequence of Path
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = list(files)
        self._identities = [_identity(path) for path in files]
        self.known = self._remembered()
        self.total = sum(size for _, size, _, _ in self._identities)
        self._news = Condition()
        self._allowed = _AHEAD_BYTES
        self._done = 0
        self._ends = False
        self._error: OSError | None = None
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to read, unless the digest is known from an earlier time."""
        if not self.known:
            self._thread = Thread(target=self._work, name="octavo-source-hash", daemon=True)
            self._thread.start()

    def allow(self, n_bytes: int) -> None:
        """Tell that others have read ``n_bytes`` of the same files so far."""
        with self._news:
            self._allowed = n_bytes + _AHEAD_BYTES
            self._news.notify_all()

    def result(self) -> Work[str]:
        """Wait for the digest."""
        self.allow(self.total)
        while not self.known:
            assert self._thread is not None
            self._thread.join(_SECONDS_BETWEEN_REPORTS)
            if self._error is not None:
                raise OctavoError(f"{self._files[0].name} can no longer be read.") from self._error
            yield Progress(self._done, self.total, "reading the source for its SHA-256")
        return self.known

    def close(self) -> None:
        """Stop reading; closing twice is no error."""
        with self._news:
            self._ends = True
            self._news.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        lines = []
        try:
            for path, identity in zip(self._files, self._identities, strict=True):
                sha256 = self._digest(path)
                if self._ends:
                    return
                if _identity(path) == identity:
                    _remember(identity, sha256)
                lines.append(f"{sha256}  {path.name}\n")
        except OSError as error:  # raised by ``result``
            self._error = error
            return
        self.known = _joined(lines)

    def _digest(self, path: Path) -> str:
        digest = hashlib.sha256()
        with path.open("rb", buffering=0) as file:
            while not self._ends and (piece := file.read(_PIECE)):
                digest.update(piece)
                with self._news:
                    self._done += len(piece)
                    self._news.notify_all()
                    self._news.wait_for(lambda: self._ends or self._done <= self._allowed)
        return digest.hexdigest()

    def _remembered(self) -> str:
        memo = _memo()
        lines = []
        for path, identity in zip(self._files, self._identities, strict=True):
            sha256 = memo.get(_key(identity))
            if not isinstance(sha256, str) or len(sha256) != 64:
                return ""
            lines.append(f"{sha256}  {path.name}\n")
        return _joined(lines)


def _joined(lines: Sequence[str]) -> str:
    return lines[0][:64] if len(lines) == 1 else hashlib.sha256("".join(lines).encode()).hexdigest()


def _identity(path: Path) -> tuple[str, int, int, int]:
    status = path.stat()
    return str(path.resolve()), status.st_size, status.st_mtime_ns, status.st_ino


def _key(identity: tuple[str, int, int, int]) -> str:
    return "|".join(map(str, identity))


def _memo() -> dict[str, object]:
    found = recall(_MEMO)
    return found if isinstance(found, dict) else {}


def _remember(identity: tuple[str, int, int, int], sha256: str) -> None:
    memo = _memo()
    memo.pop(_key(identity), None)
    memo[_key(identity)] = sha256
    remember(_MEMO, dict(list(memo.items())[-_REMEMBERED:]))
