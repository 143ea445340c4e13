"""What a quantizer would make of a model, as if it were written and opened already.

Without calibration a row's bytes depend on the row alone, so any rows are encoded when they are asked for and
nothing is kept. A calibration must be asked in the order of the file, while a model is loaded in any order: then
all tensors are encoded first, in order, into a file without a name, which takes the disk space of the result and
goes when it is closed, or the process ends. Both give the bytes that a conversion writes.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from octavo.engine.checkpoint.model import Checkpoint, Field, Hyperparameters, ModelCard, TensorInfo
from octavo.engine.checkpoint.outgoing import outgoing_fields
from octavo.engine.errors import NotEnoughDisk
from octavo.engine.estimate.file_size import predicted_bytes
from octavo.engine.estimate.verdict import told_apart
from octavo.engine.folders import cache_folder
from octavo.engine.hardware.cores import usable_threads
from octavo.engine.progress import Progress, Work, told_as
from octavo.engine.quantize.calibration import Calibration, RowEncoder
from octavo.engine.quantize.quantizer import Plan, Quantizer
from octavo.engine.quantize.recode import Recoder, Wanted, plain_encoder, recoded

Bytes = npt.NDArray[np.uint8]
ReadRows = Callable[[TensorInfo, int, int], Bytes]


class QuantizedView:
    """A checkpoint that exists only while it is read.

    Parameters
    ----------
    source : Checkpoint
        Stays open as long as this is read.
    read_rows : function
        Gives rows ``first`` to ``end`` of a planned tensor, uint8[rows, row_bytes]; from any thread.
    """

    container = "gguf"

    def __init__(
        self, source: Checkpoint, name: str, plan: Plan, read_rows: ReadRows, close: Callable[[], None]
    ) -> None:
        self.path = source.path
        self._source = source
        self._fields = outgoing_fields(source.fields, plan.file_type)
        self._tensors = {each.name: each for each in planned_tensors(source, plan)}
        self._card = replace(
            source.card,
            container=self.container,
            type_name=name,
            tensors=list(self._tensors.values()),
            file_bytes=predicted_bytes(source.card, plan),
        )
        self._read_rows = read_rows
        self._close = close

    @property
    def fields(self) -> Mapping[str, Field]:
        """The metadata that the file would have."""
        return self._fields

    @property
    def tensors(self) -> Sequence[TensorInfo]:
        """All tensors in the order of the plan."""
        return list(self._tensors.values())

    @property
    def hyperparameters(self) -> Hyperparameters:
        """The source's."""
        return self._source.hyperparameters

    @property
    def card(self) -> ModelCard:
        """The description; its size is the file's, to the byte."""
        return self._card

    def tensor(self, name: str) -> TensorInfo | None:
        """The tensor of that name, or None."""
        return self._tensors.get(name)

    def read(self, name: str, first_row: int = 0, n_rows: int | None = None) -> Bytes:
        """Rows of a tensor as they would stand in the file."""
        tensor = self._tensors[name]
        end = tensor.rows if n_rows is None else first_row + n_rows
        return self._read_rows(tensor, first_row, end)

    def files(self) -> Sequence[Path]:
        """The source's files."""
        return self._source.files()

    def unchanged(self) -> bool:
        """Whether the source is still what was opened."""
        return self._source.unchanged()

    def close(self) -> None:
        """Give back what was kept; the source stays open."""
        self._close()


def planned_tensors(source: Checkpoint, plan: Plan) -> list[TensorInfo]:
    """The tensors as they would stand in the file, in its order."""
    by_name = {each.name: each for each in source.tensors}
    return [replace(by_name[name], block_type=block_type) for name, block_type in plan.types.items()]


def quantized_view(source: Checkpoint, quantizer: Quantizer, plan: Plan) -> QuantizedView:
    """Rows are encoded when they are read, in the thread that reads them."""
    by_name = {each.name: each for each in source.tensors}

    def read_rows(tensor: TensorInfo, first: int, end: int) -> Bytes:
        wanted = Wanted(tensor.block_type, plain_encoder(quantizer, tensor.block_type))
        return recoded(source, by_name[tensor.name], first, end - first, [wanted])[0]

    return QuantizedView(source, quantizer.name, plan, read_rows, lambda: None)


def calibrated_view(
    source: Checkpoint, quantizer: Quantizer, plan: Plan, calibration: Calibration
) -> Work[QuantizedView]:
    """All tensors are encoded now, in the order of the file; progress counts bytes of it.

    Raises
    ------
    NotEnoughDisk
        The cache's disk has no room for the result.
    """
    planned = planned_tensors(source, plan)
    total = sum(each.n_bytes for each in planned)
    free = shutil.disk_usage(cache_folder()).free
    if free < total:
        needed, there = told_apart(total, free)
        raise NotEnoughDisk(
            f"Measuring {quantizer.name} with calibration needs {needed} of disk for a while, {there} are free.",
            "Free some space, or measure it without calibration.",
            needed=total,
            available=free,
        )
    file = tempfile.TemporaryFile(dir=cache_folder())  # noqa: SIM115 - the view closes it
    try:
        starts = yield from _encode_all(file, source, planned, calibration, total)
    except BaseException:
        file.close()
        raise
    lock = threading.Lock()

    def read_rows(tensor: TensorInfo, first: int, end: int) -> Bytes:
        row_bytes = tensor.block_type.row_bytes(tensor.columns)
        with lock:
            file.seek(starts[tensor.name] + first * row_bytes)
            data = file.read((end - first) * row_bytes)
        return np.frombuffer(data, np.uint8).reshape(end - first, row_bytes)

    return QuantizedView(source, quantizer.name, plan, read_rows, file.close)


def _encode_all(
    file: IO[bytes], source: Checkpoint, planned: Sequence[TensorInfo], calibration: Calibration, total: int
) -> Work[dict[str, int]]:
    """Write every tensor; where each begins."""
    by_name = {each.name: each for each in source.tensors}
    starts = {}
    done = 0
    n_threads = usable_threads()
    with ThreadPoolExecutor(n_threads, thread_name_prefix="encode") as threads:
        recoder = Recoder(source, threads, n_threads)
        for step, target in enumerate(planned, 1):
            tensor = by_name[target.name]
            starts[target.name] = done
            encoder = yield from _asked(
                calibration.encoder(tensor, target.block_type),
                Progress(done, total, target.name, step, len(planned)),
            )
            for rows in recoder.slabs(tensor, target.block_type, encoder, keeps_same=False):
                file.write(rows.reshape(-1).data)
                done += rows.nbytes
                yield Progress(done, total, target.name, step, len(planned))
    return starts


def _asked(finding: Work[RowEncoder], here: Progress) -> Work[RowEncoder]:
    """A calibration's work on one tensor, told by its labels beside how far the whole is."""
    with contextlib.closing(finding):
        yield here
        return (yield from told_as(finding, lambda step: replace(here, label=step.label or here.label)))
