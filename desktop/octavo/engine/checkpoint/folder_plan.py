"""Where every tensor of a 4-bit folder lies: in which file, at which byte; known before anything is written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from octavo.engine.checkpoint.folder_layouts import MAX_FILE_BYTES, Piece, header_bytes, in_files
from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.errors import OctavoError

WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Place:
    """Where one piece of a tensor lies.

    Parameters
    ----------
    file : str
    key : str
        Its name in the file.
    offset : int
        Bytes from the file's start.
    """

    piece: Piece
    file: str
    key: str
    offset: int


class FolderPlan:
    """The files of weights, and the places in them.

    Parameters
    ----------
    planned : sequence of TensorInfo
        In the order of the source.
    names : mapping of str to sequence of str
        The source folder's name of each tensor, of stacked experts one for each.
    layout, group
        As in ``folder_layouts``.
    most_bytes : int
        Of weights in one file.
    """

    def __init__(
        self,
        planned: Sequence[TensorInfo],
        names: Mapping[str, Sequence[str]],
        layout: str,
        group: int,
        most_bytes: int = MAX_FILE_BYTES,
    ) -> None:
        shares = in_files(planned, layout, group, most_bytes)
        self.sizes: dict[str, int] = {}
        self.places: dict[str, list[Place]] = {}
        for number, share in enumerate(shares, 1):
            is_one = len(shares) == 1
            file = WEIGHTS if is_one else f"model-{number:05}-of-{len(shares):05}.safetensors"
            offset = header_bytes(sum(len(pieces) for _, pieces in share))
            for info, pieces in share:
                self.places[info.name] = []
                for piece in pieces:
                    original = names[info.name][piece.expert]
                    key = original.removesuffix(".weight") + piece.suffix if piece.suffix else original
                    self.places[info.name].append(Place(piece, file, key, offset))
                    offset += piece.n_bytes
            self.sizes[file] = offset

    def headers(self, told: Mapping[str, str]) -> dict[str, bytes]:
        """The beginning of each file, always of the same length.

        Parameters
        ----------
        told : mapping of str to str
            What the files tell of their making.
        """
        return {file: self._header(file, told) for file in self.sizes}

    def index(self) -> bytes:
        """The text that says which file holds which tensor; empty for one file."""
        if len(self.sizes) == 1:
            return b""
        all_places = [place for places in self.places.values() for place in places]
        content = {
            "metadata": {"total_size": sum(place.piece.n_bytes for place in all_places)},
            "weight_map": {place.key: place.file for place in all_places},
        }
        return json.dumps(content, indent=2).encode() + b"\n"

    def _header(self, file: str, told: Mapping[str, str]) -> bytes:
        here = [each for places in self.places.values() for each in places if each.file == file]
        start = here[0].offset
        entries: dict[str, object] = {"__metadata__": {"format": "pt", **told}}
        for each in here:
            span = [each.offset - start, each.offset - start + each.piece.n_bytes]
            entries[each.key] = {"dtype": each.piece.dtype, "shape": each.piece.shape, "data_offsets": span}
        text = json.dumps(entries, separators=(",", ":")).encode()
        if len(text) > start - 8:
            raise OctavoError("The names of the model's tensors are too long to be written.")
        return (start - 8).to_bytes(8, "little") + text.ljust(start - 8)
