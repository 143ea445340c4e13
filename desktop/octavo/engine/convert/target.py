"""Where the result may go: never over its source, and over another file only with consent."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from octavo.engine.checkpoint.refusals import shown
from octavo.engine.errors import OctavoError


def check_target(target: Path, sources: Sequence[Path], *, force: bool) -> None:
    """Refuse a target that is one of the ``sources``, or exists while ``force`` is off, or in no folder.

    A source is recognised by device and inode, so through links too.
    """
    if any(_same_file(target, each) for each in sources):
        raise OctavoError(f"{target.name} is the model that is being converted.", "Choose another name.")
    if not target.parent.is_dir():
        raise OctavoError(f"There is no folder {shown(str(target.parent), 160)}.", "Create it first.")
    if target.exists() and not (target.is_file() or target.is_dir()):
        raise OctavoError(f"{target.name} is a device or a pipe, not a file.", "Choose another name.")
    if os.path.lexists(target) and not target.is_dir() and not force:
        raise OctavoError(
            f"{target.name} exists already.", "Choose another name, or allow it to be replaced."
        )


def check_folder_target(target: Path, source: Path) -> None:
    """Refuse a folder that is the model's own, lies in it, or holds it."""
    target, source = target.absolute().resolve(), source.absolute().resolve()
    if target == source:
        raise OctavoError(f"{target.name} is the model that is being converted.", "Choose another name.")
    if source in target.parents:
        raise OctavoError(
            f"{target.name} would lie in the folder of the model that is being converted.",
            "Choose another folder.",
        )
    if target in source.parents:
        raise OctavoError(f"{target.name} holds the model that is being converted.", "Choose another folder.")


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them does not exist
        return False
