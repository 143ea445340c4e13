"""How much trouble a conversion takes: calibrated where that is possible and quick enough, and always said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.convert.forecast import require_room
from octavo.engine.convert.output import Output
from octavo.engine.convert.target import check_folder_target
from octavo.engine.quantize.mended import MendedCheckpoint
from octavo.engine.quantize.quantizer import Plan, Quantizer


def chosen_output(
    source: Checkpoint,
    quantizer: Quantizer,
    options: Any,  # an instance of the quantizer's own Options, or None
    target: Path,
    *,
    n_threads: int = 0,
    only_forecast: bool = False,
    goes_on: bool = False,
) -> Output:
    """The output that ``options`` ask for, with its calibration if there is to be one.

    Parameters
    ----------
    only_forecast : bool
        Leave the calibration out: only its time is wanted.
    goes_on : bool
        Whether text runs through the model as if weights that are no finite numbers were 0; else they are refused.

    Raises
    ------
    OctavoError
        The options exclude each other, or a file that they name is not what it should be.
    NotEnoughDisk, NotEnoughMemory
        It cannot work even without calibration; with the figures, and before anything is timed.
    """
    from octavo.engine.calibrate.calibrate import calibrate
    from octavo.engine.calibrate.worth import settled_effort

    source = MendedCheckpoint(source) if goes_on else source
    plan = quantizer.plan(source.tensors, options)
    target = final_target(target, plan)
    if plan.layout:
        check_folder_target(target, source.path)
    if not only_forecast:
        require_room(source, [Output(quantizer, options, target)], n_threads=n_threads)
    effort = settled_effort(source, plan, options, n_threads)
    is_best = effort.mode == "best"
    calibration = None
    if not only_forecast:
        calibration = calibrate(source, plan, quantizer, options, n_threads=n_threads, effort=effort)
    return Output(
        quantizer,
        options,
        target,
        calibration,
        mode=effort.mode,
        notes=_notes(options, effort.mode, effort.reason),
        calibration_seconds=effort.seconds if is_best else 0.0,
        calibration_bytes=effort.n_bytes if is_best else 0,
        calibration_disk_bytes=effort.n_disk_bytes if is_best else 0,
        rounding_seconds=effort.rounding_seconds if is_best else 0.0,
    )


def final_target(target: Path, plan: Plan) -> Path:
    """Where the result goes: a folder has no ending of a file."""
    return target.with_suffix("") if plan.layout and target.suffix == ".gguf" else target


def _notes(options: Any, mode: str, reason: str) -> tuple[str, ...]:
    """What was chosen, where the choice was left to us."""
    if getattr(options, "mode", "") != "auto" or getattr(options, "compatible", False):
        return ()
    if mode == "best":
        return ("Calibrated: text ran through the model to find out which weights matter.",)
    return (f"Not calibrated. {reason}",) if reason else ()
