"""Which files of a Hugging Face folder hold the weights."""

from __future__ import annotations

import re
from pathlib import Path

from octavo.engine.checkpoint.json_files import read_json
from octavo.engine.checkpoint.refusals import shown, unreadable

INDEX = "model.safetensors.index.json"
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_FINISH = "Finish the download."
_PART = re.compile(r"model-(\d{5})-of-(\d{5})\.safetensors")


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of ``folder``, in the order of their names.

    Raises
    ------
    UnreadableModel
        There are none, some are missing, or the index names files outside the folder.
    """
    if (folder / INDEX).exists():
        return _indexed(folder)
    names = sorted(path.name for path in folder.iterdir())
    found = [name for name in names if name.startswith("model") and name.endswith(".safetensors")]
    if not found:
        if any(name.endswith(_PICKLES) for name in names):
            raise unreadable(
                folder,
                "its weights are pickles, which can run programs when opened, so they are not read.",
                "Look for a copy in safetensors, or save it anew with transformers, which writes safetensors.",
            )
        raise unreadable(folder, "this folder holds no weights (no model.safetensors).")
    parts = [match for match in map(_PART.fullmatch, found) if match]
    if parts and len(parts) != int(parts[0][2]):
        n_all = int(parts[0][2])
        raise unreadable(folder, f"only {len(parts)} of its {n_all} weight files are there.", _FINISH)
    return [folder / name for name in found]


def _indexed(folder: Path) -> list[Path]:
    index = folder / INDEX
    places = read_json(index).get("weight_map")
    if (
        not isinstance(places, dict)
        or not places
        or not all(isinstance(each, str) for each in places.values())
    ):
        raise unreadable(index, "it does not say which file holds which tensor.")
    files = []
    for name in sorted(set(places.values())):
        if not name.endswith(".safetensors") or {"/", "\\", ":", "\0"} & set(name):
            raise unreadable(index, f"it names the file '{shown(name)}', which is no plain safetensors name.")
        path = folder / name
        if not path.exists():
            raise unreadable(folder, f"the weight file {shown(name)} is missing.", _FINISH)
        if path.resolve().parent not in _allowed(folder):
            raise unreadable(index, f"the file {shown(name)} lies outside the folder.")
        files.append(path)
    return files


def _allowed(folder: Path) -> tuple[Path, Path]:
    """The folder itself, and the blobs beside it when it is a snapshot in Hugging Face's cache."""
    home = folder.resolve()
    return home, home.parent.parent / "blobs" if home.parent.name == "snapshots" else home
