"""What a conversion will take, said before it begins; one that cannot work is refused with the figures."""

from __future__ import annotations

import math
import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from octavo.engine.checkpoint.journal import SECONDS_BETWEEN_COMMITS
from octavo.engine.checkpoint.model import Checkpoint, ModelCard, TensorInfo
from octavo.engine.checkpoint.source_hash import SourceHash
from octavo.engine.convert.disk_speed import read_seconds
from octavo.engine.convert.encode_speed import EncodeSpeed
from octavo.engine.convert.one_pass import PIECE_WEIGHTS, window_bytes
from octavo.engine.convert.output import Output
from octavo.engine.errors import NotEnoughDisk, NotEnoughMemory
from octavo.engine.estimate.file_size import predicted_bytes
from octavo.engine.estimate.verdict import told_apart
from octavo.engine.hardware.cores import usable_threads
from octavo.engine.hardware.memory import main_memory
from octavo.engine.quantize.quantizer import Plan
from octavo.engine.quantize.tensor_roles import layer_number

# Python, its libraries and the compiled code; measured with ``fit_convert.py``.
_PROGRAM_BYTES = 104 * 1000 * 1000
# What a byte of metadata costs as Python objects: twice, because the result is read again. Measured at 12 to 15 on
# vocabularies of 49,000 and 262,000 tokens.
_METADATA_FACTOR = 14
_JOURNAL_SHARE = 0.01
# What threads lose by waiting for each other and for memory; measured.
_EFFICIENCY = 0.85
# Heads are put together five times and read once, item by item; measured on SmolLM2 and gemma-3.
_SECONDS_PER_METADATA_BYTE = 1.0e-7
# A piece handed to a thread, waited for and written; measured where encoding is quick: 1.1 B to Q8_0.
_SECONDS_PER_PIECE = 5e-4


@dataclass(frozen=True)
class Forecast:
    """What a conversion will take.

    Parameters
    ----------
    memory_bytes, free_memory_bytes : int
        At most needed, and free now.
    disk_bytes, free_disk_bytes : int
        Of the folder of the results; what a killed conversion left there counts as free.
    calibration_disk_bytes : int
        What a calibration takes beside them, in Octavo's own cache folder and while it lasts: only where the disk can
        spare it. Else memory takes its place, and is counted there.
    file_bytes : list of int
        Of each result, exact.
    seconds : float
        Until the files are written; the proof comes on top.
    calibration_seconds : float
        The part of them that finds out which weights matter.
    """

    memory_bytes: int
    free_memory_bytes: int
    disk_bytes: int
    free_disk_bytes: int
    file_bytes: list[int]
    seconds: float = 0.0
    calibration_seconds: float = 0.0
    calibration_disk_bytes: int = 0


def forecast(source: Checkpoint, outputs: Sequence[Output], *, n_threads: int = 0) -> Forecast:
    """Work out what it will take; times the encoders for a moment when they are new here."""
    jobs = [(each, each.quantizer.plan(source.tensors, each.options)) for each in outputs]
    n_threads = n_threads or usable_threads()
    room = _room(source.card, outputs, [plan for _, plan in jobs], n_threads)
    calibrating = sum(each.calibration_seconds for each in outputs)
    writing = seconds(source, jobs, n_threads)
    return replace(room, seconds=calibrating + writing, calibration_seconds=calibrating)


def require_room(source: Checkpoint, outputs: Sequence[Output], *, n_threads: int = 0) -> None:
    """Refuse what cannot work; instant.

    Raises
    ------
    NotEnoughDisk, NotEnoughMemory
        With the figures.
    """
    plans = [each.quantizer.plan(source.tensors, each.options) for each in outputs]
    found = _room(source.card, outputs, plans, n_threads or usable_threads())
    if found.disk_bytes > found.free_disk_bytes:
        needed, free = told_apart(found.disk_bytes, found.free_disk_bytes)
        raise NotEnoughDisk(
            f"The conversion needs {needed} on the disk, {free} are free.",
            "Make room, or choose a folder on another disk.",
            needed=found.disk_bytes,
            available=found.free_disk_bytes,
        )
    if found.memory_bytes > found.free_memory_bytes:
        needed, free = told_apart(found.memory_bytes, found.free_memory_bytes)
        raise NotEnoughMemory(
            f"The conversion needs {needed} of memory, {free} are free.",
            "Close other programs.",
            needed=found.memory_bytes,
            available=found.free_memory_bytes,
        )


def _room(card: ModelCard, outputs: Sequence[Output], plans: Sequence[Plan], n_threads: int) -> Forecast:
    """The forecast without the time."""
    sizes = [predicted_bytes(card, plan) for plan in plans]
    disks = _by_disk([each.target for each in outputs], sizes)
    # The disk with the least room to spare is the one that decides.
    needed, free = min(disks, key=lambda each: each[1] - each[0])
    return Forecast(
        memory_bytes=memory_bytes(card, n_threads, plans) + sum(each.calibration_bytes for each in outputs),
        free_memory_bytes=main_memory().free_bytes,
        disk_bytes=needed,
        free_disk_bytes=free,
        file_bytes=sizes,
        calibration_disk_bytes=sum(each.calibration_disk_bytes for each in outputs),
    )


def memory_bytes(card: ModelCard, n_threads: int = 0, plans: Sequence[Plan] = ()) -> int:
    """The most memory a conversion takes, whatever the size of the weights, without a calibration.

    Parameters
    ----------
    plans : sequence of Plan
        What is written; none for something as wide as the model is.
    """
    matrices = [each for each in card.tensors if each.is_matrix]
    largest = max((each.n_weights for each in matrices), default=0)
    read = max((each.n_bytes / each.n_weights for each in matrices), default=0.0)
    written = sum(max((_width(plan, each) for each in matrices), default=0.0) for plan in plans) or read
    pieces = window_bytes(n_threads or usable_threads(), largest, read + written)
    return _PROGRAM_BYTES + pieces + _METADATA_FACTOR * card.metadata_bytes


def _width(plan: Plan, tensor: TensorInfo) -> float:
    """Bytes for each weight of the result."""
    return plan.types[tensor.name].row_bytes(tensor.columns) / tensor.columns


def seconds(source: Checkpoint, jobs: Sequence[tuple[Output, Plan]], n_threads: int) -> float:
    """How long writing will take beside a calibration, from the speed of encoders and disks of this computer."""
    speed = EncodeSpeed()
    python = speed.python()
    work = written = disk = 0.0
    for tensor in source.tensors:
        work += tensor.n_bytes * speed.copy()
        if any(plan.types[tensor.name] != tensor.block_type for _, plan in jobs):
            work += tensor.n_weights * speed.decode(tensor.block_type)
    for output, plan in jobs:
        n_bytes = 0
        for tensor in source.tensors:
            work += math.ceil(tensor.n_weights / PIECE_WEIGHTS) * _SECONDS_PER_PIECE * python
            n_bytes += tensor.rows * plan.types[tensor.name].row_bytes(tensor.columns)
            work += _encoding(speed, output, plan, tensor)
        written += n_bytes
        disk += n_bytes * speed.write(output.target.parent)
    hashing = written * speed.hash()
    work += hashing + written * speed.copy()
    after = len(jobs) * source.card.metadata_bytes * _SECONDS_PER_METADATA_BYTE * python
    if not all(plan.compatible for _, plan in jobs) and not SourceHash(source.files()).known:
        reading = source.card.file_bytes * (speed.hash() + speed.copy())
        work += reading
        hashing = max(hashing, reading)
        after += written * (speed.hash() + speed.copy())  # once more, with the source's digest in the head
    speed.keep()
    at_once = min(n_threads, usable_threads()) * _EFFICIENCY
    streaming = max(work / at_once, hashing, source.card.file_bytes * read_seconds(source.files()))
    # What was written is forced to the disk meanwhile, but for the last of it.
    calibrating = sum(output.calibration_seconds for output, _ in jobs)
    last = disk * min(1.0, SECONDS_BETWEEN_COMMITS / max(streaming + calibrating, 1e-9))
    return max(streaming + last, disk - calibrating) + after


def writing_seconds(source: Checkpoint, output: Output, n_threads: int) -> dict[str, float]:
    """What each tensor takes of that, by name; nothing is timed, and all is 0, where nothing is calibrated."""
    if not output.calibration_seconds:
        return dict.fromkeys((each.name for each in source.tensors), 0.0)
    plan = output.quantizer.plan(source.tensors, output.options)
    speed = EncodeSpeed()
    by_name = {}
    for each in source.tensors:
        written = each.rows * plan.types[each.name].row_bytes(each.columns)
        work = each.n_weights * speed.decode(each.block_type) + _encoding(speed, output, plan, each)
        work += each.n_bytes * speed.copy() + written * (speed.copy() + speed.hash())
        by_name[each.name] = work / (n_threads * _EFFICIENCY)
    speed.keep()
    return by_name


def _encoding(speed: EncodeSpeed, output: Output, plan: Plan, tensor: TensorInfo) -> float:
    """What the quantizer takes for a tensor; a calibration's own rounding is in its forecast."""
    to = plan.types[tensor.name]
    is_calibrated = output.calibration_seconds and tensor.is_matrix and layer_number(tensor.name) >= 0
    if to == tensor.block_type or (is_calibrated and output.rounding_seconds):
        return 0.0
    return tensor.n_weights * speed.encode(output.quantizer, to)


def _by_disk(targets: Sequence[Path], sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Bytes needed and free on each disk that results go to."""
    needed: defaultdict[int, int] = defaultdict(int)
    free: dict[int, int] = {}
    for target, size in zip(targets, sizes, strict=True):
        folder = target.parent
        disk = folder.stat().st_dev
        needed[disk] += int(size * (1 + _JOURNAL_SHARE))
        free[disk] = free.get(disk, shutil.disk_usage(folder).free) + _held(target)
    return [(needed[disk], free[disk]) for disk in needed]


def _held(target: Path) -> int:
    """Bytes that a killed conversion to ``target`` holds, and this one will use."""
    partial = target.with_name(target.name + ".partial")
    try:
        files = list(partial.iterdir()) if partial.is_dir() else [partial]
        return sum(getattr(each.stat(), "st_blocks", 0) * 512 for each in files)
    except OSError:  # there is none
        return 0
