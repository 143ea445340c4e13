"""Which calibration a conversion gets: the choice that options, model and machine make together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavo.engine.calibrate.best import BestCalibration
from octavo.engine.calibrate.feedback import can_feed_back
from octavo.engine.calibrate.forecast import (
    CalibrationTime,
    calibration_bytes,
    calibration_disk_bytes,
    forecast_seconds,
)
from octavo.engine.calibrate.imatrix import read_imatrix
from octavo.engine.calibrate.imatrix_origin import check_origin
from octavo.engine.calibrate.weighted import WeightedCalibration
from octavo.engine.calibrate.windows import calibration_text, calibration_windows
from octavo.engine.checkpoint.model import Checkpoint, ModelCard
from octavo.engine.errors import OctavoError
from octavo.engine.estimate.verdict import readable_bytes
from octavo.engine.folders import expanded
from octavo.engine.hardware.memory import main_memory
from octavo.engine.inference.families.registry import family
from octavo.engine.quantize.calibration import Calibration
from octavo.engine.quantize.quantizer import CalibratedQuantizer, Plan, Quantizer

# Auto takes the best that is forecast to end within this time.
MAX_SECONDS = 600.0
# What the conversion itself takes: about this much.
_BESIDE_BYTES = 200_000_000


@dataclass(frozen=True)
class Effort:
    """How a conversion goes about it.

    Parameters
    ----------
    mode : str
        ``best``, ``imatrix`` or ``quick``.
    seconds : float
        What ``best`` is forecast to take beyond the conversion itself; 0 where it is out of the question.
    reason : str
        Why it is not ``best`` although nobody asked for another, in one sentence; else empty.
    n_bytes : int
        The memory that ``best`` takes beyond the conversion itself.
    n_disk_bytes : int
        What it takes of the disk meanwhile, in Octavo's own cache folder.
    rounding_seconds : float
        The part of the seconds in which rows are rounded.
    """

    mode: str
    seconds: float = 0.0
    reason: str = ""
    n_bytes: int = 0
    n_disk_bytes: int = 0
    rounding_seconds: float = 0.0


def why_not_best(card: ModelCard, plan: Plan) -> str:
    """Why calibration cannot help this conversion, in one sentence; empty if it can."""
    shape = card.hyperparameters
    if not card.tokenizer:
        return "Without a tokenizer, no text can run through the model."
    try:
        family(shape.architecture)
    except OctavoError as error:
        return error.message
    types = {
        plan.types[each.name] for each in card.tensors if each.is_matrix and each.name.startswith("blk.")
    }
    if not any(can_feed_back(each) for each in types):
        return f"Calibration changes nothing in {' and '.join(sorted(each.name for each in types))}."
    return ""


def choose_effort(card: ModelCard, plan: Plan, options: Any, n_threads: int = 0) -> Effort:
    """Decide between calibration and none; measures this machine for a moment where that matters.

    Parameters
    ----------
    options : object
        The quantizer's options: of its fields, ``mode``, ``imatrix`` and ``compatible`` count here.

    Raises
    ------
    OctavoError
        Best was asked for, and is impossible, or excluded by another option.
    """
    if plan.calibration_windows:
        return _own_effort(card, plan, n_threads)
    mode = getattr(options, "mode", "quick")
    has_imatrix = bool(getattr(options, "imatrix", "").strip())
    if mode == "best":
        _check_best(card, plan, options, has_imatrix)
        return _best(card, plan, forecast_seconds(card, plan, n_threads=n_threads), n_threads)
    if has_imatrix:
        return Effort("imatrix")
    if mode == "quick" or getattr(options, "compatible", False):
        return Effort("quick")
    reason = why_not_best(card, plan)
    if reason:
        return Effort("quick", 0.0, reason)
    n_bytes = _BESIDE_BYTES + calibration_bytes(card, plan, n_threads=n_threads)
    free = main_memory().free_bytes
    if n_bytes > free:
        needs = f"With calibration, it would need {readable_bytes(n_bytes)} of memory"
        return Effort("quick", 0.0, f"{needs}, {readable_bytes(free)} are free, so it was left out.")
    time = forecast_seconds(card, plan, n_threads=n_threads)
    if time.seconds > MAX_SECONDS:
        took = f"Calibration would take about {round(time.seconds / 60)} minutes here, so it was left out."
        return Effort("quick", time.seconds, took)
    return _best(card, plan, time, n_threads)


def _best(card: ModelCard, plan: Plan, time: CalibrationTime, n_threads: int) -> Effort:
    n_bytes = calibration_bytes(card, plan, n_threads=n_threads)
    return Effort(
        "best",
        time.seconds,
        n_bytes=n_bytes,
        n_disk_bytes=calibration_disk_bytes(card, plan),
        rounding_seconds=time.rounding,
    )


def _own_effort(card: ModelCard, plan: Plan, n_threads: int) -> Effort:
    """That of a quantizer that calibrates for itself."""
    if not card.tokenizer:
        raise OctavoError("Without a tokenizer, no text can run through the model.")
    family(card.hyperparameters.architecture)  # refuses those that cannot run
    time = forecast_seconds(card, plan, n_windows=plan.calibration_windows, n_threads=n_threads)
    return _best(card, plan, time, n_threads)


def _check_best(card: ModelCard, plan: Plan, options: Any, has_imatrix: bool) -> None:
    if has_imatrix:
        raise OctavoError(
            "An importance matrix and the mode 'best' exclude each other.",
            "Leave out the importance matrix: best finds its own.",
        )
    if getattr(options, "compatible", False):
        raise OctavoError("A calibrated file cannot have the bytes that llama-quantize writes.")
    reason = why_not_best(card, plan)
    if reason:
        raise OctavoError(reason, "Choose the mode 'quick'.")


def calibrate(
    source: Checkpoint,
    plan: Plan,
    quantizer: Quantizer,
    options: Any,  # an instance of the quantizer's own Options, or None
    *,
    text: Path | None = None,
    n_threads: int = 0,
    effort: Effort | None = None,
) -> Calibration | None:
    """What a conversion, or a measurement of one, is to ask for its encoders; None for each row by itself.

    Quick: text runs through the model when the first layer is asked for, not here.

    Parameters
    ----------
    text : Path or None
        The calibration text; None for that of the options, else the one that comes with Octavo.
    effort : Effort or None
        What ``choose_effort`` found, so that the machine is not measured twice.

    Raises
    ------
    OctavoError
        The options exclude each other, or a file that they name is not what it should be.
    """
    if plan.calibration_windows:
        if not isinstance(quantizer, CalibratedQuantizer):
            raise OctavoError(f"{quantizer.name} has no calibration, although its plan asks for one.")
        return quantizer.calibration(source, plan, options, n_threads)
    chosen = effort or choose_effort(source.card, plan, options, n_threads)
    if chosen.mode == "imatrix":
        importance = read_imatrix(expanded(Path(options.imatrix.strip())))
        weighted = WeightedCalibration(quantizer, importance, source.tensors)
        check_origin(importance, source)
        return weighted
    if chosen.mode != "best":
        return None
    named = getattr(options, "text", "").strip()
    path = text or (expanded(Path(named)) if named else None)
    windows = calibration_windows(source, calibration_text(path))
    return BestCalibration(source, quantizer, windows, n_threads)
