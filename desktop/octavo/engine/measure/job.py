"""A whole measurement from what people choose: a model, perhaps a quantizer, a reference, a text."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from octavo.engine.calibrate.calibrate import calibrate
from octavo.engine.calibrate.worth import settled_effort
from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.errors import OctavoError
from octavo.engine.measure.measure import Measuring, measure
from octavo.engine.measure.quantized_view import QuantizedView, calibrated_view, quantized_view
from octavo.engine.measure.text import Text, Windows, bundled_text, cut_windows, text_ids
from octavo.engine.progress import Progress, Work
from octavo.engine.quantize.calibration import Calibration
from octavo.engine.quantize.quantizer import Plan, Quantizer
from octavo.engine.stop import Stop
from octavo.engine.tokenizer.load import load_tokenizer


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
    plan = quantizer.plan(model.tensors, options)
    effort = None if calibration is not None else settled_effort(model, plan, options, n_threads)
    if effort is not None:
        calibration = calibrate(model, plan, quantizer, options, n_threads=n_threads, effort=effort)
    view = yield from _view(model, quantizer, plan, calibration)
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


def _view(
    model: Checkpoint, quantizer: Quantizer, plan: Plan, calibration: Calibration | None
) -> Work[QuantizedView]:
    if calibration is None:
        return quantized_view(model, quantizer, plan)
    with contextlib.closing(calibration):  # all is encoded then: it lets go of threads and layers
        return (yield from calibrated_view(model, quantizer, plan, calibration))


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
