"""Writes down in the ledger what was predicted and what came of it, so that estimates can say how good they are."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from octavo.engine.errors import OctavoError

if TYPE_CHECKING:
    from octavo.engine.convert.forecast import Forecast
    from octavo.engine.convert.report import ConvertReport
    from octavo.store.ledger import LedgerEntry
    from octavo.worker.loaded_model import LoadedModel
    from octavo.worker.protocol import Replied

# The first tokens of an answer, and a short prompt, say little about the speed.
LEAST_ANSWER, LEAST_PROMPT = 16, 128
# What is over sooner takes the time of starting and ending it.
LEAST_SECONDS = 1.0


def note_answer(loaded: LoadedModel, replied: Replied) -> None:
    """Note the memory, the speed of a long enough answer and prompt, and the seconds of loading.

    Speeds are left out where the computer was timed beside busy programs, as that forecast is known to be wrong, and
    where others were busy meanwhile: nobody foretells those.
    """
    from octavo.engine.estimate.speed import speed_forecast
    from octavo.engine.estimate.speeds import BUSY_SHARE, known_speeds
    from octavo.store.ledger import LedgerEntry

    card, report = loaded.checkpoint.card, loaded.report
    told = f"{card.type_name}, {report.context_tokens} tokens, {report.kv_type}, {report.n_threads} threads"
    pairs = [("memory_bytes", float(report.predicted_bytes), float(replied.measured_rss_bytes))]
    speeds = known_speeds(report.n_threads)
    depth = replied.prompt_tokens + len(replied.tokens) // 2
    found = speed_forecast(card, None, speeds, depth=depth, kv_type=report.kv_type) if speeds else None
    if speeds is not None and found is not None and not (found.unknown or speeds.is_too_slow):
        if report.busy <= BUSY_SHARE:
            pairs.append(("load_seconds", found.load_seconds, report.load_seconds))
        is_quiet = replied.busy <= BUSY_SHARE
        if is_quiet and len(replied.tokens) >= LEAST_ANSWER:
            pairs.append(("tokens_per_second", found.decode, replied.tokens_per_second))
        if is_quiet and replied.prompt_tokens - replied.reused_tokens >= LEAST_PROMPT:
            found = speed_forecast(card, None, speeds, depth=replied.reused_tokens, kv_type=report.kv_type)
            pairs.append(("prefill_tokens_per_second", found.prefill, replied.prefill_tokens_per_second))
    _record([LedgerEntry(kind, card.name, said, came, told) for kind, said, came in pairs])


def note_conversion(name: str, expected: Forecast, reports: list[ConvertReport]) -> None:
    """Note the sizes, the memory and the seconds of a conversion.

    Seconds are left out where a killed conversion had left a part, and where other programs were busy meanwhile.
    """
    from octavo.engine.estimate.speeds import BUSY_SHARE
    from octavo.store.ledger import LedgerEntry

    told = ", ".join(each.quantizer for each in reports)
    entries = [
        LedgerEntry("file_bytes", name, each.predicted_bytes, each.file_bytes, each.quantizer)
        for each in reports
    ]
    last = reports[-1]
    entries.append(LedgerEntry("convert_bytes", name, expected.memory_bytes, last.peak_rss_bytes, told))
    is_whole = not any(each.resumed_tensors for each in reports) and last.busy <= BUSY_SHARE
    if is_whole and last.seconds >= LEAST_SECONDS:
        entries.append(LedgerEntry("convert_seconds", name, expected.seconds, last.seconds, told))
    _record(entries)


def _record(entries: list[LedgerEntry]) -> None:
    from octavo.store.ledger import Ledger

    # An answer is worth more than the note of it: a full disk or a folder without rights must not take it away.
    with contextlib.suppress(OctavoError, OSError), Ledger() as ledger:
        for entry in entries:
            if entry.predicted > 0 and entry.measured > 0:
                ledger.record(entry)
