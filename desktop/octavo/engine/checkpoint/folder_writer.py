"""Writes a Hugging Face folder of 4-bit groups beside its place, and moves it there when it is whole.

Rows come in GGUF's terms, as a conversion gives them; names, the order of rows and the offset of norms are put back to
what the source folder had. Its configuration and tokenizer are copied. A journal says which tensors are on the disk,
so that the same conversion goes on where a killed one was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octavo.engine.checkpoint.folder_layouts import MAX_FILE_BYTES, is_packed, is_written, n_experts, split
from octavo.engine.checkpoint.folder_plan import FolderPlan
from octavo.engine.checkpoint.folder_scheme import quantized_config
from octavo.engine.checkpoint.journal import Entry, JournalKeeper, Record, read_journal
from octavo.engine.checkpoint.model import Checkpoint, Field, TensorInfo
from octavo.engine.checkpoint.outgoing import told_recipe
from octavo.engine.checkpoint.paired_rows import unpaired
from octavo.engine.checkpoint.partial_folder import PartialFolder
from octavo.engine.checkpoint.safetensors_folder import Origin, SafetensorsFolder
from octavo.engine.checkpoint.weight_files import INDEX
from octavo.engine.errors import OctavoError
from octavo.engine.progress import Progress, Work

if TYPE_CHECKING:
    from _hashlib import HASH

    import numpy as np
    import numpy.typing as npt

_COPIED = (
    *("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json"),
    *("added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json"),
    "generation_config.json",
)
_READ_BYTES = 4 * 1024 * 1024
_CHECKING = "checking what is written"


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
    identity : mapping of str to str
        What decides the folder's bytes; a partial folder of the same identity can be gone on with.
    force : bool
        Whether an older folder of a model may be replaced.
    most_bytes : int
        Of weights in one file.

    Raises
    ------
    OctavoError
        The source is no such folder, the target exists, or somebody else writes it.
    """

    def __init__(
        self,
        target: Path,
        source: Checkpoint,
        planned: Sequence[TensorInfo],
        layout: str,
        group: int,
        *,
        identity: Mapping[str, str],
        force: bool,
        most_bytes: int = MAX_FILE_BYTES,
    ) -> None:
        self._origins = _origins(source)
        self._layout, self._group = layout, group
        self._order = list(planned)
        self._planned = {each.name: each for each in planned if is_written(each.name)}
        if not self._planned.keys() <= self._origins.keys():
            raise OctavoError(
                "A tensor of the model has no name of its own in its folder, so it cannot be written.",
                "Choose output=gguf.",
            )
        in_order = [self._planned[each.name] for each in source.tensors if each.name in self._planned]
        names = {name: each.names for name, each in self._origins.items()}
        self._plan = FolderPlan(in_order, names, layout, group, most_bytes)
        self._source_folder = source.path
        self._identity = dict(identity)
        self._folder = PartialFolder(target, self._plan.sizes, force=force)
        self._found = read_journal(self._folder.journal_path)
        self._journal: JournalKeeper | None = None
        self._name = ""
        self._digest: HASH = hashlib.sha256()
        self._rows: list[npt.NDArray[np.uint8]] = []
        self._n_rows = 0

    @property
    def n_bytes(self) -> int:
        """Bytes of all files of weights."""
        return sum(self._plan.sizes.values())

    @property
    def path(self) -> Path:
        """Where the folder lies until it has its name."""
        return self._folder.path

    @property
    def files(self) -> list[Path]:
        """The files of weights, where they are until then."""
        return [self.path / name for name in self._plan.sizes]

    @property
    def differences(self) -> list[str]:
        """The parts of the identity in which what a killed process left differs; empty if it left nothing."""
        found = self._found.identity
        return [key for key in self._identity if found and found.get(key) != self._identity[key]]

    def start(self) -> Work[int]:
        """Check what a killed process left, as far as its journal goes; how many of the tensors are there."""
        checked: list[Entry] = []
        try:
            if self._found.identity != self._identity:
                self._folder.empty()
            elif self.path.is_dir():
                self._folder.reserve()
                checked = yield from self._checked(self._found.entries)
            record = Record(self._identity, checked)
            self._journal = JournalKeeper(self._folder.journal, record, self._folder.sync)
            self._folder.reserve()
            for name, header in self._plan.headers({}).items():
                self._folder.write(name, 0, header)
        except OSError as error:
            raise self._folder.failure(error) from error
        return self._n_done(checked)

    def write_rows(self, name: str, rows: npt.NDArray[np.uint8]) -> None:
        """Take rows of a tensor; a packed matrix, one for each expert, is written when all of it is there."""
        info = self._planned.get(name)
        if info is None:
            return
        if name != self._name:
            self._name, self._digest = name, hashlib.sha256()
            self._rows, self._n_rows = [], 0
        if info.is_matrix and not is_packed(info.block_type):
            halves = rows.view("<f4").astype("<f2").view("u1") if info.block_type.name == "F32" else rows
            self._put(0, halves, self._n_rows * halves.shape[1])
            self._n_rows += len(rows)
        else:
            self._take(info, rows)
        if self._n_rows == info.rows:
            self._end(info)

    def complete(self, fields: Mapping[str, Field] | None = None) -> Work[str]:
        """Add the other files and have everything on the disk; the SHA-256 of the weights.

        Of several files it is that of the lines that ``sha256sum`` prints for them.

        Parameters
        ----------
        fields : mapping of str to Field, optional
            What of them tells how the folder was made goes into the heads of the files.
        """
        assert self._journal is not None  # it was started
        try:
            self._journal.commit()
            for name, header in self._plan.headers(told_recipe(fields or {})).items():
                self._folder.write(name, 0, header)
            for name in _COPIED:
                if (self._source_folder / name).is_file():
                    self._folder.add(name, (self._source_folder / name).read_bytes())
            has_experts = any(len(each.names) > 1 for each in self._origins.values())
            config = quantized_config(self._source_folder, self._layout, self._group, has_experts)
            self._folder.add("config.json", config)
            if index := self._plan.index():
                self._folder.add(INDEX, index)
            self._folder.sync()
        except OSError as error:
            raise self._folder.failure(error) from error
        return (yield from self._sha256())

    def publish(self) -> None:
        """Give the folder its name, in place of an older one."""
        try:
            self._folder.publish()
        except OSError as error:
            raise self._folder.failure(error) from error
        self.close()

    def close(self) -> None:
        """Leave no trace, but for a folder that was published; closing twice is no error."""
        if self._journal is not None:
            self._journal.close()
        self._folder.remove()

    def _n_done(self, checked: Sequence[Entry]) -> int:
        """How many tensors, in the order in which they come, need not come again."""
        there = {each.tensor for each in checked}
        done = [not is_written(each.name) or each.name in there for each in self._order]
        # Nothing is there as long as no tensor is: what is not written alone is no beginning.
        return [*done, False].index(False) if there else 0

    def _checked(self, entries: Sequence[Entry]) -> Work[list[Entry]]:
        """The entries that the files bear out, up to the first that they do not."""
        checked: list[Entry] = []
        expected = [each.name for each in self._order if each.name in self._planned]
        total, done = sum(each.end for each in entries), 0
        for entry, name in zip(entries, expected, strict=False):
            digest = hashlib.sha256()
            for place in self._plan.places[name]:
                for piece in self._pieces(place.file, place.offset, place.piece.n_bytes):
                    digest.update(piece)
                    done += len(piece)
                    yield Progress(done, max(total, done), _CHECKING)
            if (entry.tensor, entry.sha256) != (name, digest.hexdigest()):
                break
            checked.append(entry)
        return checked

    def _sha256(self) -> Work[str]:
        lines, done = [], 0
        for name, size in self._plan.sizes.items():
            digest = hashlib.sha256()
            for piece in self._pieces(name, 0, size):
                digest.update(piece)
                done += len(piece)
                yield Progress(done, self.n_bytes, _CHECKING)
            lines.append(f"{digest.hexdigest()}  {name}\n")
        return lines[0][:64] if len(lines) == 1 else hashlib.sha256("".join(lines).encode()).hexdigest()

    def _pieces(self, name: str, place: int, n_bytes: int) -> Iterator[bytes]:
        while n_bytes and (piece := self._folder.read(name, place, min(n_bytes, _READ_BYTES))):
            yield piece
            place += len(piece)
            n_bytes -= len(piece)

    def _take(self, info: TensorInfo, rows: npt.NDArray[np.uint8]) -> None:
        """Keep rows until those of a matrix are together."""
        import numpy as np

        each = info.rows // n_experts(info)
        while len(rows):
            n = min(len(rows), each - self._n_rows % each)
            self._rows.append(rows[:n])
            self._n_rows, rows = self._n_rows + n, rows[n:]
            if self._n_rows % each == 0:
                whole, self._rows = np.concatenate(self._rows), []
                self._put_whole(info, whole, self._n_rows // each - 1)

    def _put_whole(self, info: TensorInfo, raw: npt.NDArray[np.uint8], expert: int) -> None:
        import numpy as np

        origin = self._origins[info.name]
        # In a vector the numbers stand for the rows of its matrix.
        rows = raw if info.is_matrix else (raw.view("<f4")[0] - np.float32(origin.shift)).astype("<f2")
        if origin.paired_heads:
            rows = unpaired(rows, origin.paired_heads)
        arrays = split(rows, info.block_type, self._layout, self._group) if info.is_matrix else [rows]
        for number, array in enumerate(arrays):
            self._put(expert * len(arrays) + number, array)

    def _end(self, info: TensorInfo) -> None:
        assert self._journal is not None  # it was started
        n_bytes = sum(place.piece.n_bytes for place in self._plan.places[info.name])
        self._journal.note(Entry(info.name, n_bytes, self._digest.hexdigest()))

    def _put(self, number: int, array: npt.NDArray[Any], offset: int = 0) -> None:
        """Write a part of a tensor's piece; numbers of its own kind."""
        assert self._journal is not None  # it was started
        data = array.reshape(-1).data.cast("B")
        place = self._plan.places[self._name][number]
        self._digest.update(data)
        try:
            self._journal.check()
            self._folder.write(place.file, place.offset + offset, data)
        except OSError as error:
            raise self._folder.failure(error) from error


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
