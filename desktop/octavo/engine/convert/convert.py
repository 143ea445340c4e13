"""Checkpoint in, GGUF file out: one pass, slab by slab, and nothing left behind unless all went well."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from octavo.engine.blocks.types import BlockType
from octavo.engine.checkpoint.card import FILE_TYPES
from octavo.engine.checkpoint.gguf_writer import GgufWriter
from octavo.engine.checkpoint.model import Checkpoint, TensorInfo
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.checkpoint.outgoing import outgoing_fields
from octavo.engine.convert.target import check_target
from octavo.engine.errors import OctavoError
from octavo.engine.estimate.file_size import predicted_bytes as predicted_bytes
from octavo.engine.hardware.cores import usable_threads
from octavo.engine.hardware.memory import peak_rss_bytes
from octavo.engine.progress import Progress, Work
from octavo.engine.quantize.calibration import Calibration, RowEncoder
from octavo.engine.quantize.quantizer import Plan, Quantizer
from octavo.engine.quantize.recode import Recoder, plain_encoder

# llama.cpp's LLAMA_FTYPE_GUESSED: a flag on a number taken from the tensors.
_GUESSED = 1024


@dataclass(frozen=True)
class ConvertReport:
    """What a conversion made.

    Parameters
    ----------
    output : str
        Path of the new file.
    file_bytes, predicted_bytes : int
        Written, and announced before; equal.
    seconds : float
    peak_rss_bytes : int
        The most memory this process has held so far.
    sha256 : str
        Of the whole file, hexadecimal.
    verified : bool
        Whether the file opens as a model and holds every tensor as planned.
    n_tensors : int
    notes : list of str
        What people should know about the result, one sentence each.
    """

    output: str
    file_bytes: int
    predicted_bytes: int
    seconds: float
    peak_rss_bytes: int
    sha256: str
    verified: bool
    n_tensors: int
    notes: list[str] = field(default_factory=list)


def convert(
    source: Checkpoint,
    quantizer: Quantizer,
    options: Any,  # an instance of the quantizer's own Options, or None
    target: Path,
    *,
    force: bool = False,
    n_threads: int = 0,
    calibration: Calibration | None = None,
) -> Work[ConvertReport]:
    """Write ``source`` to ``target`` as the quantizer plans it; a pure generator, closing it cancels.

    Progress counts bytes of the result. The target appears under its name when it is whole, verified and
    on the disk, or not at all.

    Parameters
    ----------
    force : bool
        Whether an existing target may be replaced.
    n_threads : int
        Threads that encode; 0 for as many as are worth it.
    calibration : Calibration or None
        Asked for the encoder of every tensor in the file's order, also of those that keep their type; None
        encodes each row by itself.

    Raises
    ------
    OctavoError
        The target is not allowed, the source is damaged or changed meanwhile, the disk is full.
    """
    started = time.perf_counter()
    plan = quantizer.plan(source.tensors, options)
    check_target(target, source.files(), force=force)
    planned = _planned(source, plan)
    file_type = plan.file_type if plan.file_type is not None else _guessed_file_type(planned)
    with GgufWriter(target, outgoing_fields(source.fields, file_type), planned) as writer:
        encoders = calibration or _Uncalibrated(quantizer)
        keeps_same = calibration is None
        yield from _write(writer, source, encoders, planned, n_threads or usable_threads(), keeps_same)
        if not source.unchanged():
            raise OctavoError(
                f"{source.path.name} was changed while it was converted, so nothing was written.",
                "Convert it again when nothing else writes to it.",
            )
        sha256 = writer.finish()
    return ConvertReport(
        output=str(target),
        file_bytes=target.stat().st_size,
        predicted_bytes=predicted_bytes(source.card, plan),
        seconds=time.perf_counter() - started,
        peak_rss_bytes=peak_rss_bytes(),
        sha256=sha256,
        verified=_holds(target, planned),
        n_tensors=len(planned),
        notes=_notes(source, plan),
    )


class _Uncalibrated:
    """A quantizer's own encoders, which know nothing of the model."""

    def __init__(self, quantizer: Quantizer) -> None:
        self._quantizer = quantizer

    def encoder(self, tensor: TensorInfo, to: BlockType) -> Work[RowEncoder]:
        """The quantizer itself."""
        yield from ()
        return plain_encoder(self._quantizer, to)


def _planned(source: Checkpoint, plan: Plan) -> list[TensorInfo]:
    """The tensors as they will stand in the file, in its order."""
    by_name = {each.name: each for each in source.tensors}
    return [replace(by_name[name], block_type=block_type) for name, block_type in plan.types.items()]


def _guessed_file_type(planned: Sequence[TensorInfo]) -> int:
    """``general.file_type`` for a plan that states none: that of the type of most weights."""
    counts: Counter[str] = Counter()
    for each in planned:
        counts[each.block_type.name] += each.n_weights
    ((most, _),) = counts.most_common(1)
    named = (number for number, name in FILE_TYPES.items() if name == most or name.startswith(most + "_"))
    return _GUESSED + next(named, 0)


def _write(
    writer: GgufWriter,
    source: Checkpoint,
    encoders: Calibration,
    planned: Sequence[TensorInfo],
    n_threads: int,
    keeps_same: bool,
) -> Work[None]:
    """Write every tensor, slab by slab."""
    total = sum(each.n_bytes for each in planned)
    done = 0
    with ThreadPoolExecutor(n_threads, thread_name_prefix="encode") as threads:
        recoder = Recoder(source, threads, n_threads)
        for step, target in enumerate(planned, 1):
            tensor = source.tensor(target.name)
            assert tensor is not None  # the plan was made from the source's tensors
            here = Progress(done, total, target.name, step, len(planned))
            yield here
            encoder = yield from _asked(encoders.encoder(tensor, target.block_type), here)
            for rows in recoder.slabs(tensor, target.block_type, encoder, keeps_same=keeps_same):
                writer.write_rows(target.name, rows)
                done += rows.nbytes
                yield Progress(done, total, target.name, step, len(planned))


def _asked(finding: Work[RowEncoder], here: Progress) -> Work[RowEncoder]:
    """Run a calibration's step for one tensor; its labels are told beside the conversion's own figures."""
    with contextlib.closing(finding):
        while True:
            try:
                step = next(finding)
            except StopIteration as end:
                encoder: RowEncoder = end.value
                return encoder
            yield replace(here, label=step.label or here.label)


def _holds(path: Path, planned: Sequence[TensorInfo]) -> bool:
    """Whether the file opens as a model through the same door as any other, with the planned tensors."""
    written = open_checkpoint(path)
    try:
        return list(written.tensors) == list(planned)
    finally:
        written.close()


def _notes(source: Checkpoint, plan: Plan) -> list[str]:
    """What people should know about the result."""
    notes = []
    again = {
        each.block_type.name
        for each in source.tensors
        if not each.block_type.is_float and plan.types[each.name] != each.block_type
    }
    if again:
        notes.append(
            f"The source was quantized already ({', '.join(sorted(again))}): "
            "a conversion from the original weights would be better."
        )
    if plan.fallbacks:
        kinds = sorted({plan.types[name].name for name in plan.fallbacks})
        notes.append(
            f"{len(plan.fallbacks)} tensors got another type ({', '.join(kinds)}), "
            "because their rows do not divide into blocks of the one meant."
        )
    return notes
