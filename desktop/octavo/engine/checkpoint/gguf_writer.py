"""A GGUF file written piece by piece, which appears under its name only when it is whole.

The data goes to a partial file beside the target (see ``partial_file``). When every tensor is written, the file is
forced to the disk, read again by our own reader, and renamed; until then an old file of that name is untouched, and
closing the writer removes all traces. A killed process leaves the partial file and its journal: a writer of the same
file checks what is there and goes on behind it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from types import TracebackType
from typing import TYPE_CHECKING

from octavo.engine.checkpoint.gguf_bytes import aligned, encode_header
from octavo.engine.checkpoint.journal import Entry, JournalKeeper, Record, read_journal
from octavo.engine.checkpoint.partial_file import PartialFile
from octavo.engine.checkpoint.refusals import shown
from octavo.engine.checkpoint.source_file import SourceFile
from octavo.engine.checkpoint.stream_digest import StreamDigest
from octavo.engine.errors import OctavoError
from octavo.engine.progress import Progress, Work, finish

if TYPE_CHECKING:
    from _hashlib import HASH
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from octavo.engine.checkpoint.model import Field, TensorInfo

_READ_BYTES = 4 * 1024 * 1024
CHECKING = "checking what is written"


class GgufWriter:
    """A GGUF file in the making; use it as a context manager.

    Parameters
    ----------
    target : Path
        An existing file of that name is replaced by ``finish``, not before.
    fields : mapping of str to Field
        Metadata, in the order of the file.
    tensors : sequence of TensorInfo
        In the order of the file, with the block types that are written.
    identity : mapping of str to str
        What decides the file's bytes; a partial file of the same identity can be gone on with. None takes the
        head for it.
    draft : mapping of str to Field, optional
        Other metadata of the same length that the partial file may have been begun with.

    Raises
    ------
    NotEnoughDisk
        The disk has no room for the whole file.
    OctavoError
        The folder is missing, nothing may be written there, or somebody else writes this file.
    """

    def __init__(
        self,
        target: Path,
        fields: Mapping[str, Field],
        tensors: Sequence[TensorInfo],
        *,
        identity: Mapping[str, str] | None = None,
        draft: Mapping[str, Field] | None = None,
    ) -> None:
        self.target = target
        self._header = encode_header(fields, tensors)
        self._draft = self._header if draft is None else encode_header(draft, tensors)
        self._tensors = list(tensors)
        sizes = (aligned(info.n_bytes) for info in tensors)
        self._ends = list(accumulate(sizes, initial=len(self._header)))
        self._position = 0
        self._bytes_left = 0
        self._digest: StreamDigest | None = None
        self._journal: JournalKeeper | None = None
        self._identity = dict(identity or {"head": hashlib.sha256(self._header).hexdigest()})
        self._file = PartialFile(target, self.n_bytes)
        try:
            self._found = read_journal(self._file.journal_path) if self._file.found_bytes else Record()
            if self._found.identity != self._identity:
                self._file.empty()
            self._file.reserve()
        except OSError as error:
            self.close()
            raise self._file.failure(error) from error
        except BaseException:
            self.close()
            raise

    @property
    def n_bytes(self) -> int:
        """Bytes that the whole file will have."""
        return self._ends[-1]

    @property
    def path(self) -> Path:
        """Where the file lies until it has its name."""
        return self._file.path

    @property
    def differences(self) -> list[str]:
        """The parts of the identity in which what a killed process left differs; empty if it left nothing."""
        found = self._found.identity
        return [key for key in self._identity if found and found.get(key) != self._identity[key]]

    def start(self) -> Work[int]:
        """Check what a killed process left, as far as its journal goes, and be ready behind it; the tensors there."""
        entries = [] if self.differences else self._found.entries
        try:
            checked, begun = yield from self._checked(entries, self._header)
            if not checked and self._draft != self._header:
                checked, begun = yield from self._checked(entries, self._draft)
                self._header = self._draft if checked else self._header
            self._position = len(checked)
            self._journal = JournalKeeper(
                self._file.journal, Record(self._identity, checked), lambda: os.fsync(self._file.descriptor)
            )
            self._digest = StreamDigest(begun)
            os.lseek(self._file.descriptor, 0, os.SEEK_SET)
            if checked:
                _write_all(self._file.descriptor, self._header)
                os.lseek(self._file.descriptor, self._ends[self._position], os.SEEK_SET)
            else:
                self._write(self._header)
        except OSError as error:
            raise self._file.failure(error) from error
        self._begin_tensor()
        return self._position

    def write_rows(self, name: str, rows: npt.NDArray[np.uint8]) -> None:
        """Append rows of the tensor ``name``; tensors come in their order, and each from its first row to its last.

        Parameters
        ----------
        rows : uint8[rows, row_bytes]
            Must not change until the file is finished or closed.
        """
        if self._journal is None or self._digest is None:
            finish(self.start())
        if self._position == len(self._tensors) or self._tensors[self._position].name != name:
            raise ValueError(f"{name} is not the tensor to be written now")
        if rows.nbytes > self._bytes_left:
            raise ValueError(f"{name} has fewer rows")
        self._write(rows.reshape(-1).data)
        self._bytes_left -= rows.nbytes
        if not self._bytes_left:
            self._end_tensor()

    def complete(self, fields: Mapping[str, Field] | None = None) -> Work[str]:
        """Put the whole file on the disk and read it again; its SHA-256 in hexadecimal.

        Parameters
        ----------
        fields : mapping of str to Field, optional
            Metadata in place of that given before, of the same length in bytes.
        """
        if self._digest is None or self._journal is None:
            yield from self.start()
        assert self._digest is not None
        assert self._journal is not None
        if self._position != len(self._tensors):
            raise ValueError(f"{self._tensors[self._position].name} is not written yet")
        header = self._header if fields is None else encode_header(fields, self._tensors)
        if len(header) != len(self._header):
            raise ValueError("the new metadata has another length")
        try:
            yield Progress(0, self.n_bytes, CHECKING)
            digest = self._digest.result()
            self._journal.commit()
            os.ftruncate(self._file.descriptor, self.n_bytes)
            os.fsync(self._file.descriptor)
            if header != self._header:
                digest = yield from self._with_header(header)
        except OSError as error:
            raise self._file.failure(error) from error
        self._verify(header)
        return digest

    def publish(self) -> None:
        """Give the completed file its name."""
        self._file.publish()
        self.close()

    def finish(self, fields: Mapping[str, Field] | None = None) -> str:
        """``complete`` and ``publish`` in one; the file's SHA-256 in hexadecimal."""
        digest = finish(self.complete(fields))
        self.publish()
        return digest

    def close(self) -> None:
        """Remove the partial file, unless it has become the target; closing twice is no error."""
        self._file.discard()
        if self._journal is not None:
            self._journal.close()
        if self._digest is not None:
            self._digest.close()
        self._file.remove()

    def __enter__(self) -> GgufWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _checked(self, entries: Sequence[Entry], header: bytes) -> Work[tuple[list[Entry], HASH]]:
        """The entries that the file bears out, were its head ``header``, and a digest that has read it so far.

        The head in the file does not count: it is written again in the end.
        """
        digest, checked = hashlib.sha256(header), list[Entry]()
        named = zip(entries, self._tensors, self._ends[1:], strict=False)
        expected = [entry for entry, info, end in named if (entry.tensor, entry.end) == (info.name, end)]
        if not expected:
            return checked, hashlib.sha256()
        os.lseek(self._file.descriptor, len(header), os.SEEK_SET)
        position, total = len(header), expected[-1].end
        for entry in expected:
            last = digest.copy()
            for piece in self._pieces(entry.end - position):
                digest.update(piece)
                position += len(piece)
                yield Progress(position, total, CHECKING)
            if digest.hexdigest() != entry.sha256:
                return checked, last if checked else hashlib.sha256()
            checked.append(entry)
        return checked, digest

    def _with_header(self, header: bytes) -> Work[str]:
        """Write another header over the first, and read the whole file for its digest."""
        descriptor = self._file.descriptor
        os.lseek(descriptor, 0, os.SEEK_SET)
        _write_all(descriptor, header)
        os.fsync(descriptor)
        os.lseek(descriptor, 0, os.SEEK_SET)
        digest, position = hashlib.sha256(), 0
        for piece in self._pieces(self.n_bytes):
            digest.update(piece)
            position += len(piece)
            yield Progress(position, self.n_bytes, CHECKING)
        return digest.hexdigest()

    def _pieces(self, n_bytes: int) -> Iterator[bytes]:
        """The file's next ``n_bytes``, or fewer where it ends."""
        while n_bytes and (piece := os.read(self._file.descriptor, min(n_bytes, _READ_BYTES))):
            yield piece
            n_bytes -= len(piece)

    def _begin_tensor(self) -> None:
        if self._position < len(self._tensors):
            self._bytes_left = self._tensors[self._position].n_bytes

    def _end_tensor(self) -> None:
        info, end = self._tensors[self._position], self._ends[self._position + 1]
        self._write(bytes(aligned(info.n_bytes) - info.n_bytes))
        assert self._digest is not None
        assert self._journal is not None
        journal = self._journal
        self._digest.mark(lambda sha256: journal.note(Entry(info.name, end, sha256)))
        self._position += 1
        self._begin_tensor()

    def _write(self, data: bytes | memoryview) -> None:
        assert self._digest is not None
        assert self._journal is not None
        try:
            self._journal.check()
            _write_all(self._file.descriptor, data)
        except OSError as error:
            raise self._file.failure(error) from error
        self._digest.feed(data)

    def _verify(self, header: bytes) -> None:
        """Read the head back; what it says is read by whoever opens the file."""
        with SourceFile(self._file.path) as file:
            if file.size != self.n_bytes or file.read(0, len(header)) != header:
                raise OctavoError(f"{shown(self.target.name)} was not written as it should have been.")


def _write_all(descriptor: int, data: bytes | memoryview) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
