"""The folder beside a target that becomes it: one writer at a time, its disk space claimed, its journal beside it.

``NAME.partial`` is the folder, ``NAME.journal`` the journal and the lock, as for a file (``partial_file``). An older
folder that is replaced waits as ``NAME.partial.old`` between the two renames; whoever comes next puts it back if the
process was killed there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from octavo.engine.checkpoint.journal_lock import locked_journal, open_flags, sync_folder
from octavo.engine.checkpoint.refusals import shown
from octavo.engine.checkpoint.write_failure import too_full, write_failure
from octavo.engine.errors import OctavoError

_NO_PREALLOCATION = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


class PartialFolder:
    """A locked ``NAME.partial`` with its large files open.

    Parameters
    ----------
    target : Path
        What it will be called in the end.
    sizes : mapping of str to int
        Bytes of each large file.
    force : bool
        Whether an older folder of a model may be replaced.

    Raises
    ------
    OctavoError
        The target exists, nothing may be written there, or somebody else is writing it.
    """

    def __init__(self, target: Path, sizes: Mapping[str, int], *, force: bool) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".partial")
        self.journal_path = target.with_name(target.name + ".journal")
        self._old = target.with_name(target.name + ".partial.old")
        self._sizes = dict(sizes)
        self._n_bytes = sum(sizes.values())
        self._open: dict[str, int] = {}
        self.journal = -1
        if not target.parent.is_dir():
            raise OctavoError(f"There is no folder {shown(str(target.parent), 160)}.", "Create it first.")
        try:
            self.journal = locked_journal(self.journal_path, target)
            self._mend()
            self._check_target(force=force)
            self._check_partial()
        except OSError as error:
            self._give_up()
            raise self.failure(error) from error
        except BaseException:
            self._give_up()
            raise

    def empty(self) -> None:
        """Remove what an earlier process wrote."""
        self._close_files()
        if self.path.is_dir():
            shutil.rmtree(self.path)

    def reserve(self) -> None:
        """Open the large files and claim their disk space, where the system can."""
        self.path.mkdir(exist_ok=True)
        for name in self._sizes.keys() - self._open.keys():
            self._open[name] = os.open(self.path / name, open_flags(), 0o666)
        held = sum(getattr(os.fstat(each), "st_blocks", 0) * 512 for each in self._open.values())
        available = shutil.disk_usage(self.path).free + held
        if available < self._n_bytes:
            raise too_full(self.target, self._n_bytes, available)
        for name, size in self._sizes.items():
            if not hasattr(os, "posix_fallocate"):
                os.ftruncate(self._open[name], size)
                continue
            try:
                os.posix_fallocate(self._open[name], 0, size)
            except OSError as error:
                if error.errno not in _NO_PREALLOCATION:
                    raise
                os.ftruncate(self._open[name], size)

    def read(self, name: str, place: int, n_bytes: int) -> bytes:
        """Bytes of a large file; fewer where it ends."""
        os.lseek(self._open[name], place, os.SEEK_SET)
        return os.read(self._open[name], n_bytes)

    def write(self, name: str, place: int, data: bytes | memoryview) -> None:
        """Put bytes into a large file."""
        view = memoryview(data).cast("B")
        os.lseek(self._open[name], place, os.SEEK_SET)
        while len(view):
            view = view[os.write(self._open[name], view) :]

    def sync(self) -> None:
        """Force the large files to the disk."""
        for each in self._open.values():
            os.fsync(each)

    def add(self, name: str, content: bytes) -> None:
        """Add a small file, and force it to the disk."""
        with (self.path / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def publish(self) -> None:
        """Give the folder its name, on the disk too, in place of an older one."""
        self._close_files()
        sync_folder(self.path)
        if self.target.exists():
            self.target.rename(self._old)
        self.path.rename(self.target)
        sync_folder(self.target.parent)
        shutil.rmtree(self._old, ignore_errors=True)

    def remove(self) -> None:
        """Leave no trace, but for a folder that was published; removing twice is no error."""
        if self.journal < 0:
            return
        self._close_files()
        shutil.rmtree(self.path, ignore_errors=True)
        if sys.platform == "win32":  # no open file can be removed there
            self._let_go()
        with contextlib.suppress(OSError):  # the folder is gone, or became read-only
            self.journal_path.unlink(missing_ok=True)
        self._let_go()

    def failure(self, error: OSError) -> OctavoError:
        """What to tell people about ``error``."""
        return write_failure(error, self.target, self._n_bytes)

    def _mend(self) -> None:
        """Put back, or remove, an older folder that a process killed at the very end had moved away."""
        if not self._old.is_dir():
            return
        if os.path.lexists(self.target):
            shutil.rmtree(self._old)
        else:
            self._old.rename(self.target)

    def _check_target(self, *, force: bool) -> None:
        if not os.path.lexists(self.target):
            return
        if not force:
            raise OctavoError(
                f"{shown(self.target.name)} exists already.",
                "Choose another name, or allow it to be replaced.",
            )
        if not _is_plain_model(self.target):
            raise OctavoError(
                f"{shown(self.target.name)} is no folder with a model alone, so it is not replaced.",
                "Choose another name.",
            )

    def _check_partial(self) -> None:
        """Refuse a folder of that name which is none of ours."""
        if not os.path.lexists(self.path):
            return
        is_strange = self.path.is_symlink() or not self.path.is_dir()
        is_begun = is_strange or self.journal_path.stat().st_size > 0
        if is_strange or not (is_begun or {each.name for each in self.path.iterdir()} <= set(self._sizes)):
            raise OctavoError(
                f"{shown(self.path.name)} is in the way, and was not left by Octavo.",
                "Move it away, or choose another name.",
            )

    def _close_files(self) -> None:
        for each in self._open.values():
            os.close(each)
        self._open.clear()

    def _give_up(self) -> None:
        """Leave what was there before."""
        if self.journal >= 0 and not os.fstat(self.journal).st_size:
            self.journal_path.unlink(missing_ok=True)
        self._let_go()

    def _let_go(self) -> None:
        self._close_files()
        if self.journal >= 0:
            os.close(self.journal)
        self.journal = -1


def _is_plain_model(folder: Path) -> bool:
    """Whether a folder holds a model and nothing that looks like somebody's work beside it."""
    if folder.is_symlink() or not (folder / "config.json").is_file():
        return False
    inside = list(folder.iterdir())
    return all(each.is_file() for each in inside) and any(each.suffix == ".safetensors" for each in inside)
