"""Writes a Hugging Face folder of 4-bit groups beside its place, and moves it there when it is whole.

Rows come in GGUF's terms, as a conversion gives them; names, the order of rows and the offset of norms are put back to
what the source folder had. Its configuration and tokenizer are copied.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from octavo.engine.checkpoint.folder_layouts import (
    AWQ,
    Piece,
    header_bytes,
    is_packed,
    is_written,
    pieces,
    split,
)
from octavo.engine.checkpoint.json_files import JsonObject, read_json
from octavo.engine.checkpoint.model import Checkpoint, Field, TensorInfo
from octavo.engine.checkpoint.paired_rows import paired_rows
from octavo.engine.checkpoint.refusals import shown
from octavo.engine.checkpoint.safetensors_folder import Origin, SafetensorsFolder
from octavo.engine.errors import NotEnoughDisk, OctavoError
from octavo.engine.progress import Progress, Work

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

WEIGHTS = "model.safetensors"
_COPIED = (
    *("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json"),
    *("added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json"),
    "generation_config.json",
)
_HASHED = 4 * 1024 * 1024


class FolderWriter:
    """A folder in the making; see ``GgufWriter`` for what the members mean.

    Parameters
    ----------
    target : Path
    source : Checkpoint
        A Hugging Face folder.
    planned : sequence of TensorInfo
        In the order in which they come.
    layout : str
        ``awq`` or ``compressed-tensors``.
    group : int
        Weights that share a scale.

    Raises
    ------
    OctavoError
        The source is no such folder, the target exists, or the disk is full.
    """

    differences: Sequence[str] = ()

    def __init__(
        self,
        target: Path,
        source: Checkpoint,
        planned: Sequence[TensorInfo],
        layout: str,
        group: int,
        *,
        force: bool,
    ) -> None:
        self._origins = _origins(source)
        self._layout, self._group = layout, group
        self._planned = {each.name: each for each in planned if is_written(each.name)}
        self._folder = source.path
        self.target = target
        self.path = target.with_name(target.name + ".partial")
        if os.path.lexists(target) and not force:
            raise OctavoError(
                f"{shown(target.name)} exists already.", "Choose another name, or allow it to be replaced."
            )
        if target.exists() and not (target / "config.json").is_file():
            raise OctavoError(f"{shown(target.name)} is no folder of a model, so it is not replaced.")
        self._places: dict[str, list[tuple[Piece, int]]] = {}
        self._header = self._lay_out()
        self._file = -1
        self._name = ""
        self._rows: list[npt.NDArray[np.uint8]] = []
        self._n_rows = 0

    def start(self) -> Work[int]:
        """Begin; what a killed conversion left is removed."""
        yield from ()
        free = shutil.disk_usage(self.target.parent).free
        if free < self._n_bytes:
            raise NotEnoughDisk(
                f"{shown(self.target.name)} needs {self._n_bytes / 1e6:.1f} MB, "
                f"but only {free / 1e6:.1f} MB are free.",
                "Make room, or choose a folder on another disk.",
                needed=self._n_bytes,
                available=free,
            )
        try:
            shutil.rmtree(self.path, ignore_errors=True)
            self.path.mkdir()
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            self._file = os.open(self.path / WEIGHTS, flags, 0o666)
            self._put(self._header, 0)
        except OSError as error:
            raise self._failure(error) from error
        return 0

    def write_rows(self, name: str, rows: npt.NDArray[np.uint8]) -> None:
        """Take rows of a tensor; a packed matrix is written when all of it is there."""
        info = self._planned.get(name)
        if info is None:
            return
        if name != self._name:
            self._name, self._rows, self._n_rows = name, [], 0
        (_, place), *_ = self._places[name]
        if info.is_matrix and not is_packed(info.block_type):
            self._put(rows.reshape(-1).data, place + self._n_rows * rows.shape[1])
        else:
            self._rows.append(rows)
        self._n_rows += len(rows)
        if self._n_rows == info.rows and self._rows:
            self._end(info)

    def complete(self, fields: Mapping[str, Field] | None = None) -> Work[str]:
        """Add the other files and have everything on the disk; the SHA-256 of the weights."""
        try:
            for name in _COPIED:
                if (self._folder / name).is_file():
                    shutil.copyfile(self._folder / name, self.path / name)
            text = json.dumps(self._config(), indent=2)
            (self.path / "config.json").write_text(text + "\n", encoding="utf-8")
            os.fsync(self._file)
        except OSError as error:
            raise self._failure(error) from error
        digest = hashlib.sha256()
        os.lseek(self._file, 0, os.SEEK_SET)
        done = 0
        while piece := os.read(self._file, _HASHED):
            digest.update(piece)
            done += len(piece)
            yield Progress(done, self._n_bytes, "reading what was written")
        return digest.hexdigest()

    def publish(self) -> None:
        """Give the folder its name, in place of an older one."""
        self._close_file()
        old = self.target.with_name(self.target.name + ".old")
        try:
            if self.target.exists():
                shutil.rmtree(old, ignore_errors=True)
                self.target.rename(old)
            self.path.rename(self.target)
        except OSError as error:
            raise self._failure(error) from error
        shutil.rmtree(old, ignore_errors=True)

    @property
    def weights(self) -> Path:
        """The file of the weights, under the name that the folder has in the end."""
        return self.target / WEIGHTS

    def close(self) -> None:
        """Leave no trace, but for a folder that was published; closing twice is no error."""
        self._close_file()
        shutil.rmtree(self.path, ignore_errors=True)

    def _close_file(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _lay_out(self) -> bytes:
        """Give every tensor its place, in the source's order; the file's header."""
        ordered = [name for name in self._origins if name in self._planned]
        if set(ordered) != set(self._planned):
            raise OctavoError("A tensor of the model has no name in its folder, so it cannot be written.")
        found = {name: pieces(self._planned[name], self._layout, self._group) for name in ordered}
        start = header_bytes(sum(len(each) for each in found.values()))
        entries: dict[str, object] = {"__metadata__": {"format": "pt"}}
        offset = 0
        for name, each in found.items():
            self._places[name] = []
            for piece in each:
                original = self._origins[name].name
                key = original.removesuffix(".weight") + piece.suffix if piece.suffix else original
                span = [offset, offset + piece.n_bytes]
                entries[key] = {"dtype": piece.dtype, "shape": piece.shape, "data_offsets": span}
                self._places[name].append((piece, start + offset))
                offset = span[1]
        self._n_bytes = start + offset
        text = json.dumps(entries, separators=(",", ":")).encode()
        if len(text) > start - 8:
            raise OctavoError("The names of the model's tensors are too long to be written.")
        return (start - 8).to_bytes(8, "little") + text.ljust(start - 8)

    def _end(self, info: TensorInfo) -> None:
        import numpy as np

        raw = np.concatenate(self._rows)
        self._rows = []
        origin = self._origins[info.name]
        if not info.is_matrix:
            values = raw.reshape(-1).view("<f4") - np.float32(origin.shift)
            self._put(values.astype("<f2").data, self._places[info.name][0][1])
            return
        if origin.paired_heads:
            turned = np.empty_like(raw)
            turned[paired_rows(info.rows // origin.paired_heads, 0, info.rows)] = raw
            raw = turned
        arrays = split(raw, info.block_type, self._layout, self._group)
        for (_, place), array in zip(self._places[info.name], arrays, strict=True):
            self._put(array.reshape(-1).data, place)

    def _put(self, data: bytes | memoryview, place: int) -> None:
        view = memoryview(data).cast("B")
        try:
            os.lseek(self._file, place, os.SEEK_SET)
            while len(view):
                view = view[os.write(self._file, view) :]
        except OSError as error:
            raise self._failure(error) from error

    def _config(self) -> JsonObject:
        content = read_json(self._folder / "config.json")
        for each in (content, content.get("text_config")):
            if isinstance(each, dict):
                each["dtype" if "dtype" in each else "torch_dtype"] = "float16"
        return content | {"quantization_config": _scheme(self._layout, self._group)}

    def _failure(self, error: OSError) -> OctavoError:
        reason = (error.strerror or "unknown").lower()
        return OctavoError(f"{shown(self.target.name)} cannot be written ({reason}).")


def _origins(source: Checkpoint) -> Mapping[str, Origin]:
    if not isinstance(source, SafetensorsFolder):
        raise OctavoError(
            "Only a Hugging Face folder can become such a folder, because its configuration is copied.",
            "Choose output=gguf, or begin with the model's folder.",
        )
    if source.leaves_out:
        raise OctavoError(
            "This model also sees pictures, which a 4-bit folder cannot hold yet.", "Choose output=gguf."
        )
    return source.origins


def _scheme(layout: str, group: int) -> JsonObject:
    if layout == AWQ:
        return {
            "quant_method": "awq",
            "bits": 4,
            "group_size": group,
            "zero_point": True,
            "version": "gemm",
            "modules_to_not_convert": None,
        }
    weights = {
        "num_bits": 4,
        "type": "int",
        "symmetric": True,
        "strategy": "group",
        "group_size": group,
        "dynamic": False,
    }
    return {
        "quant_method": "compressed-tensors",
        "format": "pack-quantized",
        "quantization_status": "compressed",
        "ignore": ["lm_head"],
        "config_groups": {
            "group_0": {
                "targets": ["Linear"],
                "weights": weights,
                "input_activations": None,
                "output_activations": None,
            }
        },
    }
