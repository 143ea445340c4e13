"""Whether calibration is worth its time: only a model that predicts text can tell which weights matter to it."""

from __future__ import annotations

import math
from typing import Any

from octavo.engine.calibrate.calibrate import Effort, choose_effort
from octavo.engine.calibrate.surprise import surprises
from octavo.engine.calibrate.windows import calibration_text, calibration_windows
from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.quantize.quantizer import Plan

# Nobody trains a large model and leaves it random; a small one is asked within seconds.
_SMALL_BYTES = 400 << 20
# Of the surprise that pure chance gives: trained models, even of some thousand weights, stay far below.
_CHANCE_SHARE = 0.85
_N_TOKENS = 256
_N_WINDOWS = 6


def settled_effort(source: Checkpoint, plan: Plan, options: Any, n_threads: int = 0) -> Effort:
    """``choose_effort``, but quick where the choice was ours and the model has learnt nothing.

    Raises
    ------
    OctavoError
        As ``choose_effort``.
    """
    effort = choose_effort(source.card, plan, options, n_threads)
    if effort.mode != "best" or getattr(options, "mode", "") != "auto" or predicts_text(source, n_threads):
        return effort
    return Effort(
        "quick", 0.0, "The model does not predict text better than chance, so calibration cannot help."
    )


def predicts_text(source: Checkpoint, n_threads: int = 0) -> bool:
    """Whether some part of our text surprises the model clearly less than chance, ``log(vocabulary)`` nats a token.

    A small model may know no more than one of the kinds of text.
    """
    if sum(each.n_bytes for each in source.tensors) > _SMALL_BYTES:
        return True
    windows = calibration_windows(source, calibration_text(None), _N_WINDOWS)[:, :_N_TOKENS]
    enough = _CHANCE_SHARE * math.log(source.hyperparameters.n_vocabulary)
    # The first is mostly enough.
    return any(
        min(surprises(source, some, n_threads)) < enough for some in (windows[:1], windows[1:]) if len(some)
    )
