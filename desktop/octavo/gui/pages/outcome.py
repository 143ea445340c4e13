"""What the engine reports of a conversion, in the words of its card."""

from __future__ import annotations

import textwrap
from pathlib import Path

from octavo.gui.conversion import Converted, Proof
from octavo.gui.conversion_clock import Pace
from octavo.gui.markdown.clean_text import clean
from octavo.gui.widgets.done_card import Check, Outcome
from octavo.gui.wording import byte_count, count, duration

SAID_CHARACTERS = 90
_STAGES = {"open": "Opening the model", "compile": "Preparing the engine for this processor"}


def outcome_of(result: Converted) -> Outcome:
    """The card of a finished conversion."""
    facts = [byte_count(result.file_bytes)]
    if result.predicted_bytes:
        off = result.file_bytes - result.predicted_bytes
        facts.append("as predicted, to the byte" if not off else f"{off:+,} bytes from prediction")
    facts.append(duration(result.seconds))
    if result.resumed_tensors:
        facts.append(f"{count(result.resumed_tensors)} tensors were there already")
    if result.peak_rss_bytes:
        facts.append(f"{byte_count(result.peak_rss_bytes)} of memory at most")
    checks = [Check(True, "Reopened as a model, every tensor as planned.")] if result.verified else []
    words: list[tuple[str, str, str]] = []
    if result.proof is not None:
        checks, words = _checks(result.proof), _words(result.proof)
    return Outcome(
        title=f"{Path(result.output).name} is ready",
        facts=facts,
        checks=checks,
        words=words,
        checksum=f"SHA-256 {result.sha256}" if result.sha256 else "",
        notes=result.notes,
    )


def doing_words(pace: Pace) -> str:
    """What is done where that is no tensor's name: ``Calibrating on text, layer 3``."""
    if " " not in pace.tensor:
        return ""
    told = clean(pace.tensor).replace("calibrate layer", "calibrating on text, layer")
    return f"{told[:1].upper()}{told[1:]}"


def pace_words(pace: Pace) -> tuple[str, str]:
    """How fast a conversion is, and what is left of it."""
    if pace.stage != "convert" or not pace.n_tensors:
        return _STAGES.get(pace.stage, "" if pace.tensor else "Working"), ""
    told = [f"{pace.number} of {pace.n_tensors} tensors"]
    if pace.bytes_per_second:
        told.append(f"{byte_count(pace.bytes_per_second)}/s")
    left = f"{duration(pace.seconds_left)} left" if pace.seconds_left is not None else ""
    return "  ·  ".join(told), left


def _checks(proof: Proof) -> list[Check]:
    templates = {
        "same": Check(True, "The chat template gives the same prompt as the source's."),
        "none": Check(True, "No chat template, as in the source."),
    }
    same = proof.tensors == proof.source_tensors
    census = (
        f"{count(proof.tensors)} tensors, as in the source."
        if same
        else f"{count(proof.tensors)} tensors, {count(proof.source_tensors)} in the source."
    )
    found = [
        Check(same, f"Reopened as a model: {census}"),
        templates.get(
            proof.template, Check(False, "The chat template gives another prompt than the source's.")
        ),
    ]
    n = len(proof.tokens_result)
    if proof.skipped:
        found.append(Check(False, clean(proof.skipped)))
    elif n and proof.first_difference is None:
        found.append(Check(True, f"Says the same {n} tokens as the source, taking the likeliest each time."))
    elif n and proof.first_difference is not None:
        agreed = proof.first_difference
        told = f"Says the same {agreed} of {n} tokens as the source before another likeliest one comes up."
        found.append(Check(True, told))
    return found


def _words(proof: Proof) -> list[tuple[str, str, str]]:
    """Both texts, cut where they begin to differ."""
    pair = [
        textwrap.shorten(clean(each), SAID_CHARACTERS, placeholder=" …")
        for each in (proof.text_source, proof.text_result)
    ]
    if not any(pair):
        return []
    agreed = next((n for n, (a, b) in enumerate(zip(*pair, strict=False)) if a != b), min(map(len, pair)))
    if proof.first_difference is None:
        return [("Both", pair[0], "")]
    # Not in the middle of a word: spaces at the edge of two labels would be lost.
    cut = pair[0].rfind(" ", 0, agreed) + 1
    return [(who, said[:cut], said[cut:]) for who, said in zip(("Source", "Copy"), pair, strict=True)]
