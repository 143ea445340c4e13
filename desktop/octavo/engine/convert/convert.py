"""Checkpoint in, GGUF files out: one pass over the source, and nothing left behind unless all went well."""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.checkpoint.source_hash import SourceHash
from octavo.engine.convert.file_cache import FileCache
from octavo.engine.convert.forecast import require_room, writing_seconds
from octavo.engine.convert.one_pass import WINDOW_BYTES, OnePass
from octavo.engine.convert.output import Output, OutputFile
from octavo.engine.convert.proof import Proof, Said, prove, source_says
from octavo.engine.convert.report import ConvertReport as ConvertReport
from octavo.engine.convert.target import check_target
from octavo.engine.convert.work_share import WorkShare
from octavo.engine.errors import OctavoError
from octavo.engine.estimate.file_size import predicted_bytes as predicted_bytes
from octavo.engine.hardware.allocator import freed_memory_kept
from octavo.engine.hardware.bystanders import Bystanders
from octavo.engine.hardware.cores import usable_threads
from octavo.engine.hardware.memory import main_memory, peak_rss_bytes
from octavo.engine.progress import Progress, Work, told_as
from octavo.engine.quantize.calibration import Calibration
from octavo.engine.quantize.damage import Damage
from octavo.engine.quantize.mended import MendedCheckpoint
from octavo.engine.quantize.quantizer import Quantizer

Result = TypeVar("Result")

# Files that together take less than this of the free memory may stay in the system's cache.
_CACHED_SHARE = 0.5


def convert(
    source: Checkpoint,
    quantizer: Quantizer,
    options: Any,  # an instance of the quantizer's own Options, or None
    target: Path,
    *,
    force: bool = False,
    n_threads: int = 0,
    calibration: Calibration | None = None,
    proves: bool = False,
) -> Work[ConvertReport]:
    """Write ``source`` to ``target`` as the quantizer plans it; see ``convert_all``."""
    mode = "quick" if calibration is None else "best"
    wish = Output(quantizer, options, target, calibration, mode)
    reports = yield from convert_all(source, [wish], force=force, n_threads=n_threads, proves=proves)
    return reports[0]


def convert_all(
    source: Checkpoint,
    outputs: Sequence[Output],
    *,
    force: bool = False,
    n_threads: int = 0,
    proves: bool = False,
    goes_on: bool = False,
) -> Work[list[ConvertReport]]:
    """Write all ``outputs`` of ``source``, reading it once; a pure generator, closing it cancels.

    Progress counts bytes of the results, or where there is a calibration the time foretold, in as many units. The
    targets appear under their names when all of them are whole, verified and on the disk, or not at all. A killed
    process leaves partial files; the same conversion goes on with them.

    Parameters
    ----------
    force : bool
        Whether existing targets may be replaced.
    n_threads : int
        Threads that encode; 0 for as many as are worth it.
    proves : bool
        Whether source and results are asked for some words, as far as memory allows.
    goes_on : bool
        Whether weights that are no finite numbers become 0, and are told of; else they are refused.

    Raises
    ------
    OctavoError
        A target is not allowed, the source is damaged or changed meanwhile, the disk is full.
    """
    started, others = time.perf_counter(), Bystanders()
    n_threads = n_threads or usable_threads()
    for wish in outputs:
        check_target(wish.target, source.files(), force=force)
    require_room(source, outputs, n_threads=n_threads)
    with ExitStack() as stack:
        source_hash = stack.enter_context(contextlib.closing(SourceHash(source.files())))
        files = []
        for wish in outputs:
            made = OutputFile(source, wish, source_sha256=source_hash.known, force=force, goes_on=goes_on)
            files.append(stack.enter_context(contextlib.closing(made)))
        needs_hash = any(each.needs_source_hash for each in files)
        if needs_hash:
            source_hash.start()
        total = sum(each.data_bytes for each in files)
        for file in files:
            yield Progress(0, total, _beginning(file))
            yield from _aside(file.start(), 0, total)
        share = WorkShare(files, [writing_seconds(source, each, n_threads) for each in outputs])
        consumed = _heeding(source, files, source_hash)
        damage = Damage(goes_on=goes_on)
        with freed_memory_kept(WINDOW_BYTES // 2):
            for group in _by_order(files):
                yield from OnePass(source, group, n_threads, consumed, share, damage).run()
        if not source.unchanged():
            raise _changed(source)
        sha256 = (yield from _aside(source_hash.result(), total, total)) if needs_hash else ""
        for file in files:
            yield from _aside(file.complete(sha256), total, total)
        seconds, peak, busy = time.perf_counter() - started, peak_rss_bytes(), others.share()
        proofs: list[Proof | None] = [None] * len(files)
        if proves:
            asked = MendedCheckpoint(source) if goes_on else source
            proofs = yield from _aside(_proofs(asked, files, n_threads), total, total)
        if not source.unchanged():
            raise _changed(source)
        found = damage.sentences()
        reports = [
            file.report(proof, seconds, peak, found) for file, proof in zip(files, proofs, strict=True)
        ]
        return [replace(each, busy=busy) for each in reports]


def _heeding(
    source: Checkpoint, files: Sequence[OutputFile], source_hash: SourceHash
) -> Callable[[int], None]:
    """What to tell how many bytes were read: the digest's thread, and where files are large, the system."""
    n_bytes = source.card.file_bytes + sum(each.data_bytes for each in files)
    if n_bytes < _CACHED_SHARE * main_memory().free_bytes:
        return source_hash.allow
    cache = FileCache(source.files(), [path for each in files for path in each.files])

    def consumed(n_read: int) -> None:
        source_hash.allow(n_read)
        cache.consumed(n_read)

    return consumed


def _beginning(file: OutputFile) -> str:
    return "beginning afresh: an unfinished file is of another conversion" if file.writer.differences else ""


def _aside(work: Work[Result], done: int, total: int) -> Work[Result]:
    """Run ``work`` that writes no tensors: the conversion's own figures stay, the label tells of the work."""

    def shown(step: Progress) -> Progress:
        share = f" ({step.done / step.total:.0%})" if step.total else ""
        return Progress(done, total, f"{step.label}{share}")

    return told_as(work, shown)


def _by_order(files: Sequence[OutputFile]) -> list[list[OutputFile]]:
    """Files whose tensors come in the same order can be written in one pass."""
    groups: defaultdict[tuple[str, ...], list[OutputFile]] = defaultdict(list)
    for file in files:
        groups[tuple(file.plan.types)].append(file)
    return list(groups.values())


def _proofs(source: Checkpoint, files: Sequence[OutputFile], n_threads: int) -> Work[list[Proof | None]]:
    said: Said = yield from source_says(source, n_threads)
    proofs: list[Proof | None] = []
    for file in files:
        proofs.append((yield from prove(source, said, file.writer.path, n_threads)))
    return proofs


def _changed(source: Checkpoint) -> OctavoError:
    return OctavoError(
        f"{source.path.name} was changed while it was converted, so nothing was written.",
        "Convert it again when nothing else writes to it.",
    )
