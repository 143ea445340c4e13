"""A whole measurement from what people choose: a model, perhaps a quantizer, a reference, a text."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from octavo.engine.calibrate.calibrate import calibrate
from octavo.engine.calibrate.prepare import prepare_kernels
from octavo.engine.calibrate.worth import settled_effort
from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.errors import OctavoError
from octavo.engine.measure.figures import Figures
from octavo.engine.measure.measure import Measuring, measure
from octavo.engine.measure.quantized_view import QuantizedView, calibrated_view, quantized_view
from octavo.engine.measure.text import Text, Windows, bundled_text, cut_windows, text_ids
from octavo.engine.progress import Progress, Work, told_as
from octavo.engine.quantize.calibration import Calibration
from octavo.engine.quantize.quantizer import Plan, Quantizer
from octavo.engine.stop import Stop
from octavo.engine.tokenizer.load import load_tokenizer

# Two give an interval, four a narrower one; the reference's part of them is kept.
_EARLY_WINDOWS = 4


def measure_model(
    model: Checkpoint,
    *,
    quantizer: Quantizer | None = None,
    options: Any = None,  # an instance of the quantizer's own Options
    calibration: Calibration | None = None,
    reference: Checkpoint | None = None,
    text: Text | None = None,
    tokens: int = 0,
    n_threads: int = 0,
    stop: Stop | None = None,
    available_bytes: int = 0,
) -> Measuring:
    """Measure a model, or what a quantizer would make of it, before any file exists.

    Parameters
    ----------
    model : Checkpoint
        Stays open until the end.
    calibration : Calibration or None
        Made for this measurement; None for the one that a conversion with these options gets.
    reference : Checkpoint or None
        None: the model itself if there is a quantizer, else nothing to compare with.
    text : Text or None
        None for the one that comes with Octavo.
    tokens : int
        How much of it to read; 0 for 8,192 tokens.

    With calibration, which may take minutes, the labels soon tell what a few windows say without it.

    Raises
    ------
    OctavoError
        The text is too short, or the reference has another vocabulary.
    NotEnoughMemory, NotEnoughDisk
        With the figures.
    """
    yield Progress(0, 0, "text")
    if reference is not None:
        _check_sizes(model, reference)
    windows = _windows(model, reference, text or bundled_text(), tokens)
    if quantizer is None:
        return (
            yield from measure(
                model, reference, windows, n_threads=n_threads, stop=stop, available_bytes=available_bytes
            )
        )
    yield from prepare_kernels(model, quantizer, options)
    plan = quantizer.plan(model.tensors, options)
    effort = None if calibration is not None else settled_effort(model, plan, options, n_threads)
    if effort is not None:
        calibration = calibrate(model, plan, quantizer, options, n_threads=n_threads, effort=effort)
    early = ""
    if calibration is not None:
        early = yield from _early(
            model, quantizer, plan, reference, windows, n_threads, stop, available_bytes
        )
    view = yield from _view(model, quantizer, plan, calibration, early)
    try:
        measurement = yield from measure(
            view,
            reference or model,
            windows,
            quantizer=quantizer.name,
            n_threads=n_threads,
            stop=stop,
            available_bytes=available_bytes,
        )
        return replace(measurement, effort=effort.mode if effort is not None else "best")
    finally:
        view.close()


def _early(
    model: Checkpoint,
    quantizer: Quantizer,
    plan: Plan,
    reference: Checkpoint | None,
    windows: Windows,
    n_threads: int,
    stop: Stop | None,
    available_bytes: int,
) -> Work[str]:
    """What the first windows say about the quantizer without its calibration, in a few words."""
    first = replace(windows, windows=windows.windows[:_EARLY_WINDOWS])
    view = quantized_view(model, quantizer, plan)
    work = measure(
        view,
        reference or model,
        first,
        quantizer=quantizer.name,
        n_threads=n_threads,
        stop=stop,
        available_bytes=available_bytes,
    )
    with contextlib.closing(work):
        while True:
            try:
                step = next(work)
            except StopIteration as end:
                return _in_short(end.value.figures)
            if isinstance(step, Progress):
                yield replace(step, label=f"first without calibration: {step.label}")


def _in_short(figures: Figures) -> str:
    kl = figures.mean_kl
    return f"without calibration KL {kl.value:.4f} ({kl.low:.4f} to {kl.high:.4f})" if kl is not None else ""


def _view(
    model: Checkpoint, quantizer: Quantizer, plan: Plan, calibration: Calibration | None, early: str
) -> Work[QuantizedView]:
    if calibration is None:
        return quantized_view(model, quantizer, plan)
    # All is encoded when it ends: the calibration lets go of threads and layers.
    with contextlib.closing(calibration):
        work = calibrated_view(model, quantizer, plan, calibration)
        return (
            yield from told_as(
                work, lambda step: replace(step, label=f"{step.label}; {early}" if early else step.label)
            )
        )


def _windows(model: Checkpoint, reference: Checkpoint | None, text: Text, tokens: int) -> Windows:
    tokenizer = load_tokenizer(model)
    ids = text_ids(text, tokenizer, tokens)
    context_length = model.hyperparameters.context_length
    if reference is not None:
        if text_ids(text, load_tokenizer(reference), tokens) != ids:
            raise _another_vocabulary(model, reference, "cuts the text into other tokens")
        context_length = min(context_length, reference.hyperparameters.context_length)
    return cut_windows(
        text.name,
        ids,
        first_id=tokenizer.bos_id if tokenizer.add_bos else None,
        tokens=tokens,
        context_length=context_length,
    )


def _check_sizes(model: Checkpoint, reference: Checkpoint) -> None:
    ours, theirs = model.hyperparameters.n_vocabulary, reference.hyperparameters.n_vocabulary
    if ours != theirs:
        raise _another_vocabulary(
            model, reference, f"has another vocabulary ({theirs:,} tokens instead of {ours:,})"
        )


def _another_vocabulary(model: Checkpoint, reference: Checkpoint, why: str) -> OctavoError:
    return OctavoError(
        f"{reference.path.name} {why}, so {model.path.name} cannot be compared with it.",
        "Take the model that it was made from as the reference.",
    )
