"""The speeds of one way to run a model: each with where it comes from and how it was worked out."""

from __future__ import annotations

from octavo.engine.estimate.fit import FitRow
from octavo.engine.estimate.speed import Overlap, SpeedForecast
from octavo.engine.estimate.speeds import BUSY_SHARE
from octavo.gui.pages.fit_circumstances import (
    Circumstances,
    band_sentence,
    band_words,
    ms,
    seconds,
    threads,
)
from octavo.gui.widgets.explained_figure import Figure
from octavo.gui.wording import byte_count, count, likely_speed, speed


def speed_words(row: FitRow, of: Circumstances) -> tuple[str, str]:
    """The speed of answers, and how good it is."""
    if not row.tokens_per_second:
        return "—", "speed not measured yet"
    if of.basis in ("measured", "scaled") and not _unprobed(row):
        return speed(row.tokens_per_second), _quality(row, of, "tokens_per_second")
    return likely_speed(row.tokens_per_second), _quality(row, of, "tokens_per_second")


def answers(row: FitRow, of: Circumstances) -> Figure:
    """The speed of answers, after what was said before."""
    value, note = speed_words(row, of)
    found = row.speed
    if found is None:
        explanation = "Each new token reads all weights once: the memory's speed by their size." + _how_timed(
            of
        )
    else:
        explanation = (
            f"After {count(of.depth)} tokens of chat a new token takes {ms(1 / found.decode)}. "
            f"{byte_count(found.weights_bytes)} of weights: {_overlapping(found.weights)}. "
            f"{_cache_words(found)}"
            f"The layers take {ms(found.layers_seconds)} beside."
        ) + _how_timed(of)
    name = f"Answers at {count(of.depth)} tokens" if of.depth else "Answers"
    return Figure(name, value, note, explanation + band_sentence(of.bands, "tokens_per_second"))


def _overlapping(parts: Overlap) -> str:
    """``3.6 ms to bring them from memory, 2.2 ms to compute with them; partly at once, 3.7 ms``."""
    return (
        f"{ms(parts.memory_seconds)} from memory and {ms(parts.kernel_seconds)} of computing, which overlap "
        f"to {ms(parts.together)} (the fourth root of the sum of their fourth powers)"
    )


def _cache_words(found: SpeedForecast) -> str:
    if not found.cache_bytes:
        return ""
    told = f"{ms(found.cache.memory_seconds)} and {ms(found.cache.kernel_seconds)}, {ms(found.cache.together)} together"
    return f"{byte_count(found.cache_bytes)} of cache likewise: {told}. "


def prompts(row: FitRow, of: Circumstances) -> Figure:
    """The speed of reading a prompt."""
    kind = "prefill_tokens_per_second"
    if not row.prefill_tokens_per_second:
        return Figure("Prompts", "—", "not measured yet", "Known once the kernels were timed.")
    explanation = (
        "512 tokens are read at a time: each weight is multiplied with all of them at once, and each token attends to "
        f"those before it, after {count(of.depth)} tokens of chat."
    ) + _how_timed(of)
    value = speed(row.prefill_tokens_per_second)
    return Figure("Prompts", value, _quality(row, of, kind), explanation + band_sentence(of.bands, kind))


def first_word(row: FitRow, of: Circumstances) -> Figure:
    """From sending a prompt to the first token of the answer."""
    name = f"First word after {count(of.prompt_tokens)} tokens"
    if row.speed is None:
        return Figure(name, "—", "not measured yet", "Known once the kernels were timed.")
    explanation = (
        f"{count(of.prompt_tokens)} tokens / {speed(row.speed.prefill)} to read the prompt, and "
        f"1 / {speed(row.speed.decode)} for the first token of the answer. What was read before is not read again."
    )
    note = _quality(row, of, "prefill_tokens_per_second")
    return Figure(name, seconds(row.speed.first_word_seconds(of.prompt_tokens)), note, explanation)


def loading(row: FitRow, of: Circumstances) -> Figure:
    """Until the model is ready."""
    if row.speed is None or row.load_seconds is None:
        return Figure("Loading", "—", "not measured yet", "Known once the kernels were timed.")
    rest = row.load_seconds - row.speed.opening_seconds
    explanation = (
        f"{seconds(row.speed.opening_seconds)} for header, tokenizer, program and the context's memory, "
        f"{seconds(rest)} to read {byte_count(row.file_bytes)} of weights and to arrange them for the kernels, in "
        f"{threads(min(of.n_threads, 4))}. A file that was not read since the computer started "
        "takes as long as its disk needs."
    )
    note = _quality(row, of, "load_seconds")
    return Figure(
        "Loading", seconds(row.load_seconds), note, explanation + band_sentence(of.bands, "load_seconds")
    )


def load_words(row: FitRow) -> str:
    """Seconds of loading for the table."""
    return seconds(row.load_seconds) if row.load_seconds else "—"


def _quality(row: FitRow, of: Circumstances, kind: str) -> str:
    if _unprobed(row):
        return f"estimated: {', '.join(_unprobed(row))} not measured yet"
    if of.basis == "measured" and of.busy > BUSY_SHARE:
        return "timed on a busy computer"
    if of.basis == "measured":
        return band_words(of.bands, kind) or "timed on this computer"
    return {"scaled": "estimated, being timed", "memory": "estimated from memory speed"}.get(
        of.basis, "not measured yet"
    )


def _how_timed(of: Circumstances) -> str:
    if of.basis == "measured" and of.busy > BUSY_SHARE:
        return f" Timed while other programs used {of.busy:.0%} of the processor: it is faster without them."
    told = {
        "measured": f" The kernels were timed on this computer with {threads(of.n_threads)}.",
        "scaled": " The kernels were timed with another number of threads; these are being timed.",
        "memory": " Only the memory's speed has been measured yet.",
    }
    return told.get(of.basis, "")


def _unprobed(row: FitRow) -> tuple[str, ...]:
    return row.speed.unknown if row.speed is not None else ()
