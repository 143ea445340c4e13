"""One file to be made of a model, from the wish to the report."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from octavo.engine.blocks.carried import can_carry
from octavo.engine.checkpoint.card import FILE_TYPES
from octavo.engine.checkpoint.folder_writer import FolderWriter
from octavo.engine.checkpoint.gguf_writer import GgufWriter
from octavo.engine.checkpoint.model import Checkpoint, Field, TensorInfo
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.checkpoint.outgoing import UNKNOWN_HASH, outgoing_fields, with_recipe
from octavo.engine.convert.proof import Proof
from octavo.engine.convert.recipe import identity, recipe, why_afresh
from octavo.engine.convert.report import ConvertReport
from octavo.engine.convert.target import check_folder_target, check_target
from octavo.engine.estimate.file_size import predicted_bytes
from octavo.engine.progress import Work
from octavo.engine.quantize.calibration import Calibration, RowEncoder
from octavo.engine.quantize.quantizer import Plan, Quantizer
from octavo.engine.quantize.recode import Wanted, plain_encoder

# llama.cpp's LLAMA_FTYPE_GUESSED: a flag on a number taken from the tensors.
_GUESSED = 1024


@dataclass(frozen=True)
class Output:
    """A file that is wanted.

    Parameters
    ----------
    quantizer : Quantizer
    options : object
        An instance of the quantizer's own ``Options``, or None.
    target : Path
    calibration : Calibration or None
        Asked for the encoder of every tensor in the file's order, also of those that keep their type; None
        encodes each row by itself.
    mode : str
        ``best``, ``imatrix`` or ``quick``: where the calibration comes from.
    notes : tuple of str
        What people should know about the choices made for them.
    calibration_seconds : float
        What the calibration is forecast to take.
    calibration_bytes : int
        The memory that it takes beyond the conversion itself.
    calibration_disk_bytes : int
        What it takes of the disk meanwhile, in Octavo's own cache folder.
    rounding_seconds : float
        The part of its seconds in which rows are rounded, from layer to layer.
    """

    quantizer: Quantizer
    options: Any  # see above
    target: Path
    calibration: Calibration | None = None
    mode: str = "quick"
    notes: tuple[str, ...] = ()
    calibration_seconds: float = 0.0
    calibration_bytes: int = 0
    calibration_disk_bytes: int = 0
    rounding_seconds: float = 0.0


class OutputFile:
    """An ``Output`` in the making; closing it removes what is not finished.

    Raises
    ------
    OctavoError
        When it is made, if nothing may be written there.
    """

    def __init__(
        self, source: Checkpoint, wish: Output, *, source_sha256: str, force: bool, goes_on: bool = False
    ) -> None:
        self.wish = wish
        self._goes_on = goes_on
        self._source = source
        self.plan = wish.quantizer.plan(source.tensors, wish.options)
        check_target(wish.target, source.files(), force=force)
        if self.plan.layout:
            check_folder_target(wish.target, source.path)
        by_name = {each.name: each for each in source.tensors}
        self.planned = [replace(by_name[name], block_type=kind) for name, kind in self.plan.types.items()]
        self.data_bytes = sum(each.n_bytes for each in self.planned)
        self.n_resumed = 0
        self.sha256 = ""
        self._started = time.perf_counter()
        self._source_sha256 = source_sha256
        self.writer: GgufWriter | FolderWriter
        if self.plan.layout:
            self.writer = FolderWriter(
                wish.target,
                source,
                self.planned,
                self.plan.layout,
                self.plan.group,
                identity=self._identity(),
                force=force,
            )
            return
        self.writer = GgufWriter(
            wish.target,
            self._fields(source_sha256 or UNKNOWN_HASH),
            self.planned,
            identity=self._identity(),
            draft=self._fields(UNKNOWN_HASH),
        )

    @property
    def needs_source_hash(self) -> bool:
        """Whether the file tells the hash of its source."""
        return not self.plan.compatible

    @property
    def files(self) -> list[Path]:
        """The files that are being written."""
        return self.writer.files if isinstance(self.writer, FolderWriter) else [self.writer.path]

    def start(self) -> Work[None]:
        """Go on with what a killed conversion left, or begin."""
        self.n_resumed = yield from self.writer.start()

    def wanted(self, index: int) -> Work[Wanted | None]:
        """What is wanted of the ``index``-th tensor; None if it is there already."""
        planned = self.planned[index]
        is_done = index < self.n_resumed
        calibration = self.wish.calibration
        if calibration is None:
            encoder = plain_encoder(self.wish.quantizer, planned.block_type)
            return None if is_done else Wanted(planned.block_type, encoder)
        if is_done and getattr(calibration, "is_stateless", False):
            return None
        tensor = self._source.tensor(planned.name)
        assert tensor is not None  # the plan was made from the source's tensors
        # Asked also for what is there: later tensors may build on what it finds out.
        known: RowEncoder = yield from calibration.encoder(tensor, planned.block_type)
        return None if is_done else Wanted(planned.block_type, known, keeps_same=False)

    def complete(self, source_sha256: str) -> Work[None]:
        """Have the whole file on the disk, under its partial name."""
        self._source_sha256 = source_sha256
        self.sha256 = yield from self.writer.complete(self._fields(source_sha256))

    def report(
        self, proof: Proof | None, seconds: float, peak_bytes: int, notes: Sequence[str] = ()
    ) -> ConvertReport:
        """Give the file its name, and say what came of it, ``notes`` included."""
        verified = self.holds_all()
        self.writer.publish()
        wish, target = self.wish, self.wish.target
        weights = [target / each.name for each in self.files] if self.plan.layout else [target]
        return ConvertReport(
            output=str(target),
            file_bytes=sum(each.stat().st_size for each in weights),
            predicted_bytes=predicted_bytes(self._source.card, self.plan),
            seconds=seconds,
            peak_rss_bytes=peak_bytes,
            sha256=self.sha256,
            verified=verified,
            n_tensors=len(self.planned),
            notes=[*wish.notes, *self._notes(), *getattr(wish.calibration, "notes", ()), *notes],
            quantizer=self.wish.quantizer.name,
            mode=self.wish.mode,
            source_sha256=self._source_sha256 if self.needs_source_hash else "",
            resumed_tensors=self.n_resumed,
            proof=proof,
        )

    def holds_all(self) -> bool:
        """Whether the file opens as a model through the same door as any other, with the planned tensors."""
        written = open_checkpoint(self.writer.path)
        try:
            if self.plan.layout:  # in the order of its source, not of the plan
                return {each.name: each for each in written.tensors} == {
                    each.name: each for each in self.planned
                }
            return list(written.tensors) == list(self.planned)
        finally:
            written.close()

    def close(self) -> None:
        """Remove the partial file, unless it has got its name; end the calibration."""
        self.writer.close()
        if self.wish.calibration is not None:
            self.wish.calibration.close()

    def _plain_fields(self) -> dict[str, Field]:
        stated = self.plan.file_type
        file_type = stated if stated is not None else _guessed_file_type(self.planned)
        return outgoing_fields(self._source.fields, file_type)

    def _fields(self, source_sha256: str) -> dict[str, Field]:
        fields = self._plain_fields()
        if self.needs_source_hash:
            wish = self.wish
            told = recipe(self._source, wish.quantizer, wish.options, mode=wish.mode)
            fields = with_recipe(fields, told, source_sha256)
        return fields

    def _identity(self) -> dict[str, str]:
        wish = self.wish
        return identity(
            self._source,
            wish.quantizer,
            wish.options,
            self._plain_fields(),
            self.planned,
            mode=f"{wish.mode}, with damage" if self._goes_on else wish.mode,
        )

    def _notes(self) -> list[str]:
        notes = _notes(self._source, self.plan)
        if self.n_resumed:
            notes.append(
                f"Gone on with what a killed conversion had left: {self.n_resumed} of "
                f"{len(self.planned)} tensors."
            )
        if self.writer.differences:
            notes.append(why_afresh(self.writer.differences))
        return notes


def _guessed_file_type(planned: Sequence[TensorInfo]) -> int:
    """``general.file_type`` for a plan that states none: that of the type of most weights."""
    counts: Counter[str] = Counter()
    for each in planned:
        counts[each.block_type.name] += each.n_weights
    ((most, _),) = counts.most_common(1)
    named = (number for number, name in FILE_TYPES.items() if name == most or name.startswith(most + "_"))
    return _GUESSED + next(named, 0)


def _notes(source: Checkpoint, plan: Plan) -> list[str]:
    """What people should know about the result."""
    notes = []
    again = {
        each.block_type.name
        for each in source.tensors
        if not each.block_type.is_float
        and plan.types[each.name] != each.block_type
        and not can_carry(each.block_type, plan.types[each.name])
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
