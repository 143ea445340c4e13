"""The speeds that ``octavo fit`` tells: this computer is timed at the first call, and that is said before it begins."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from octavo.cli import progress
from octavo.cli.output import print_note

if TYPE_CHECKING:
    from octavo.engine.checkpoint.model import ModelCard
    from octavo.engine.estimate.speeds import Speeds
    from octavo.engine.quantize.quantizer import Quantizer

# Measured: 0.7 to 0.9 s of a processor for each.
_SECONDS_PER_KERNEL = 0.9
_BASIC_SECONDS, _SECONDS_PER_KIND = 1.7, 0.25


@dataclass(frozen=True)
class KnownSpeeds:
    """What is known of this computer's speed, and how it became known.

    Parameters
    ----------
    speeds : Speeds or None
        None where nothing was timed yet.
    timed : tuple of str
        The kinds of weights that were timed for this answer.
    guessed : tuple of str
        The kinds that some rows need and nobody has timed: their share of a speed is a guess.
    seconds : float
        What that took.
    """

    speeds: Speeds | None
    timed: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:  # values that JSON knows
        """What was timed, now or before."""
        known = sorted(self.speeds.kinds) if self.speeds else []
        return {
            "timed_now": list(self.timed),
            "timed_before": [each for each in known if each not in self.timed],
            "not_timed": list(self.guessed),
            "seconds": self.seconds,
        }

    def notes(self) -> list[str]:
        """What a reader of the table must know of its speeds."""
        if self.speeds is None:
            return [
                "Speeds are left out: this computer has not been timed yet. Without --no-probe it will be."
            ]
        told = []
        if self.guessed:
            these = "the kernels of " + ", ".join(self.guessed)
            told.append(f"~ is a guess: {these} have not been timed here. --probe compiles and times them.")
        if self.speeds.is_too_slow:
            busy = (
                f"Other programs used {self.speeds.busy:.0%} of the processor while this computer was timed"
            )
            told.append(f"{busy}: speeds are too low. Time it again with --probe.")
        return told


def find_speeds(
    card: ModelCard, quantizers: Sequence[Quantizer], n_threads: int, probe: bool | None
) -> KnownSpeeds:
    """The speed of every kind of weights that a row may have.

    Parameters
    ----------
    probe : bool or None
        True times all anew and compiles what is missing for that; False times nothing; None times what is not known
        yet, and compiles only what the model itself needs.
    """
    from octavo.engine.estimate.speeds import known_speeds
    from octavo.engine.inference.speed_probe import is_compiled, read_speeds

    own, wanted = _kinds(card, quantizers)
    known = known_speeds(n_threads)
    before = set(known.kinds) if known and not probe else set()
    if probe is False:
        return _answer(known, wanted, before) if known and known.kinds else KnownSpeeds(None)
    began = time.monotonic()
    compiled = wanted if probe else own
    new = (compiled | {each for each in wanted if is_compiled(each)}) - before
    if new:
        _announce(new, compiled - before, is_first=not before, n_threads=n_threads)
    if not compiled <= before:
        finding = read_speeds(sorted(compiled), n_threads, again=bool(probe), compiles=True)
        progress.run(finding, "Preparing")
    speeds = progress.run(read_speeds(sorted(wanted), n_threads, again=False, compiles=False), "Timing")
    return _answer(speeds, wanted, before, time.monotonic() - began)


def _answer(speeds: Speeds, wanted: set[str], before: set[str], seconds: float = 0.0) -> KnownSpeeds:
    known = set(speeds.kinds)
    took = round(seconds, 2) if known - before else 0.0
    return KnownSpeeds(
        speeds if known else None, tuple(sorted(known - before)), tuple(sorted(wanted - known)), took
    )


def _announce(kinds: set[str], compiled: set[str], *, is_first: bool, n_threads: int) -> None:
    """Say what will take seconds, and why."""
    from octavo.engine.inference.speed_probe import kernels_to_compile

    n_kernels = kernels_to_compile(compiled) if compiled else 0
    if n_kernels:
        takes = _SECONDS_PER_KERNEL * n_kernels / min(n_threads, n_kernels)
        what = "1 kernel" if n_kernels == 1 else f"{n_kernels} kernels"
        print_note(f"Compiling {what} for this processor, once: about {math.ceil(takes)} s.")
    takes = _SECONDS_PER_KIND * len(kinds) + (_BASIC_SECONDS if is_first else 0.0)
    what = f"{len(kinds)} kinds of weights" if len(kinds) > 1 else f"weights in {next(iter(kinds))}"
    what = f"its memory and {what}" if is_first else what
    print_note(f"Timing this computer once, about {math.ceil(takes)} s: {what}. --no-probe leaves it out.")


def _kinds(card: ModelCard, quantizers: Sequence[Quantizer]) -> tuple[set[str], set[str]]:
    """The kinds of weights of the model, and with them those that its formats would have; only what has kernels."""
    from octavo.engine.errors import OctavoError
    from octavo.engine.estimate.fit import default_options
    from octavo.engine.kernels.layout import LAYOUTS

    matrices = [each for each in card.tensors if each.is_matrix]
    own = {each.block_type.name for each in matrices}
    formats = set(own)
    for quantizer in quantizers:
        with contextlib.suppress(OctavoError):  # its row says what is wrong
            plan = quantizer.plan(card.tensors, default_options(quantizer))
            formats |= {plan.types[each.name].name for each in matrices}
    return own & set(LAYOUTS), formats & set(LAYOUTS)
