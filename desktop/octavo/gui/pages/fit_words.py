"""The figures of one way to run a model: each with how good it is and how it was worked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.estimate.fit import AS_IT_IS, FitRow
from octavo.engine.estimate.graphics import GraphicsFit
from octavo.engine.estimate.speeds import BUSY_SHARE
from octavo.engine.estimate.verdict import FITS_SHARE, RUNS_WELL_SHARE
from octavo.engine.hardware.pools import MemoryPool
from octavo.gui.forecaster import Forecast
from octavo.gui.widgets.explained_figure import Figure
from octavo.gui.wording import byte_count, count, duration, likely_speed, speed
from octavo.store.ledger import Band
from octavo.worker.protocol import Failed

_PLURALS = {
    "memory_bytes": "replies",
    "loading_bytes": "loads",
    "tokens_per_second": "replies",
    "prefill_tokens_per_second": "prompts",
    "load_seconds": "loads",
    "convert_seconds": "conversions",
}


@dataclass(frozen=True)
class Circumstances:
    """What the figures were worked out for.

    Parameters
    ----------
    basis : str
        Where speeds come from: ``measured`` with these threads, ``scaled`` from others, ``memory``'s bandwidth alone,
        or empty while nothing is known.
    busy : float
        The share of the processor that other programs used while it was timed.
    """

    card: ModelCard
    context_tokens: int
    kv_type: str
    n_threads: int
    depth: int
    prompt_tokens: int
    ram: MemoryPool
    basis: str = ""
    busy: float = 0.0
    bands: Mapping[str, Band] = field(default_factory=dict)
    conversion: Forecast | Failed | None = None


def figures(row: FitRow, of: Circumstances) -> list[Figure]:
    """What the page shows of the chosen format."""
    if not row.total_bytes:
        return [Figure("Memory", "unknown", "", row.sentence)]
    return [
        _memory(row, of),
        _loading_memory(row, of),
        _largest(row, of),
        _answers(row, of),
        _prompts(row, of),
        _first_word(row, of),
        _loading(row, of),
        _file(row),
        _converting(row, of),
    ]


def speed_words(row: FitRow, of: Circumstances) -> tuple[str, str]:
    """The speed of answers, and how good it is."""
    if not row.tokens_per_second:
        return "—", "speed not measured yet"
    if of.basis in ("measured", "scaled") and not _unprobed(row):
        return speed(row.tokens_per_second), _quality(row, of, "tokens_per_second")
    return likely_speed(row.tokens_per_second), _quality(row, of, "tokens_per_second")


def band_words(bands: Mapping[str, Band], kind: str) -> str:
    """``±6 %, 14 replies``; empty until three were measured."""
    band = bands.get(kind)
    if band is None:
        return ""
    return f"±{100 * band.within:.0f} %, {band.n_entries} {_PLURALS[kind]}"


def _band_sentence(bands: Mapping[str, Band], kind: str) -> str:
    band = bands.get(kind)
    if band is None:
        return ""
    return (
        f" Of {band.n_entries} {_PLURALS[kind]} here, nine in ten were within {100 * band.within:.0f} % of the "
        f"estimate; all were {100 * band.least:.0f} to {100 * band.greatest:.0f} % of it."
    )


def _unprobed(row: FitRow) -> tuple[str, ...]:
    return row.speed.unknown if row.speed is not None else ()


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
        "measured": f" The kernels were timed on this computer with {_threads(of.n_threads)}.",
        "scaled": " The kernels were timed with another number of threads; these are being timed.",
        "memory": " Only the memory's speed has been measured yet.",
    }
    return told.get(of.basis, "")


def _threads(n_threads: int) -> str:
    return "1 thread" if n_threads == 1 else f"{n_threads} threads"


def _memory(row: FitRow, of: Circumstances) -> Figure:
    shape = of.card.hyperparameters
    bits = {"f16": "16", "q8_0": "8"}.get(of.kv_type, of.kv_type)
    windows = ", fewer in layers with a sliding window" if any(shape.is_local) else ""
    explanation = (
        f"Weights {byte_count(row.weights_bytes)} as the kernels hold them, KV cache {byte_count(row.kv_bytes)} "
        f"({shape.n_layers} layers × {max(shape.n_kv_heads, default=0)} heads × "
        f"{shape.key_size + shape.value_size} numbers of {bits} bits × {count(of.context_tokens)} tokens{windows}), "
        f"working buffers {byte_count(row.working_bytes)}, program with tokenizer {byte_count(row.program_bytes)}. "
        "Counted from the file's header; only the program is a measured constant."
    )
    note = band_words(of.bands, "memory_bytes") or "counted"
    return Figure(
        "Memory in all",
        byte_count(row.total_bytes),
        note,
        explanation + _band_sentence(of.bands, "memory_bytes"),
    )


def _loading_memory(row: FitRow, of: Circumstances) -> Figure:
    explanation = (
        f"Program {byte_count(row.program_bytes)}, weights {byte_count(row.weights_bytes)}, and pieces of 4 MB on "
        f"their way from the file in {_threads(min(of.n_threads, 4))}. Cache and buffers are taken as they are used."
    )
    note = band_words(of.bands, "loading_bytes") or "counted"
    explanation += _band_sentence(of.bands, "loading_bytes")
    return Figure("While loading", byte_count(row.loading_bytes), note, explanation)


def _largest(row: FitRow, of: Circumstances) -> Figure:
    free = of.ram.free_bytes
    explanation = (
        f"The longest context with which it takes {RUNS_WELL_SHARE:.0%} of the {byte_count(free)} that are free: other "
        f"programs keep room to breathe. Beyond {FITS_SHARE:.0%} loading is refused. The model was made for "
        f"{count(of.card.hyperparameters.context_length)} tokens."
    )
    value = f"{count(row.largest_context)} tokens" if row.largest_context else "none"
    note = "runs well up to it" if row.largest_context else "close other programs"
    return Figure("Largest safe context", value, note, explanation)


def _answers(row: FitRow, of: Circumstances) -> Figure:
    value, note = speed_words(row, of)
    found = row.speed
    if found is None:
        explanation = "Each new token reads all weights once: the memory's speed by their size." + _how_timed(
            of
        )
    else:
        seconds = 1 / found.decode
        explanation = (
            f"After {count(of.depth)} tokens of chat a new token reads {byte_count(found.weights_bytes)} of weights "
            f"({_ms(found.weights_seconds)}) and {byte_count(found.cache_bytes)} of cache "
            f"({_ms(found.cache_seconds)}); the layers take {_ms(found.layers_seconds)} beside: 1 / {_ms(seconds)}."
        ) + _how_timed(of)
    name = f"Answers at {count(of.depth)} tokens" if of.depth else "Answers"
    return Figure(name, value, note, explanation + _band_sentence(of.bands, "tokens_per_second"))


def _prompts(row: FitRow, of: Circumstances) -> Figure:
    kind = "prefill_tokens_per_second"
    if not row.prefill_tokens_per_second:
        return Figure("Prompts", "—", "not measured yet", "Known once the kernels were timed.")
    explanation = (
        "512 tokens are read at a time: each weight is multiplied with all of them at once, and each token attends to "
        f"those before it, after {count(of.depth)} tokens of chat."
    ) + _how_timed(of)
    value = speed(row.prefill_tokens_per_second)
    return Figure("Prompts", value, _quality(row, of, kind), explanation + _band_sentence(of.bands, kind))


def _first_word(row: FitRow, of: Circumstances) -> Figure:
    name = f"First word after {count(of.prompt_tokens)} tokens"
    if row.speed is None:
        return Figure(name, "—", "not measured yet", "Known once the kernels were timed.")
    explanation = (
        f"{count(of.prompt_tokens)} tokens / {speed(row.speed.prefill)} to read the prompt, and "
        f"1 / {speed(row.speed.decode)} for the first token of the answer. What was read before is not read again."
    )
    note = _quality(row, of, "prefill_tokens_per_second")
    return Figure(name, seconds(row.speed.first_word_seconds(of.prompt_tokens)), note, explanation)


def _loading(row: FitRow, of: Circumstances) -> Figure:
    if row.speed is None or row.load_seconds is None:
        return Figure("Loading", "—", "not measured yet", "Known once the kernels were timed.")
    rest = row.load_seconds - row.speed.opening_seconds
    explanation = (
        f"{seconds(row.speed.opening_seconds)} for header, tokenizer and program, {seconds(rest)} to arrange "
        f"{byte_count(row.file_bytes)} of weights for the kernels. A file that was not read since the computer started "
        "takes as long as its disk needs."
    )
    note = _quality(row, of, "load_seconds")
    return Figure(
        "Loading", seconds(row.load_seconds), note, explanation + _band_sentence(of.bands, "load_seconds")
    )


def _file(row: FitRow) -> Figure:
    return Figure(
        "File",
        byte_count(row.file_bytes),
        "exact",
        f"{count(row.file_bytes)} bytes: the conversion executes the very plan that was weighed here.",
    )


def _converting(row: FitRow, of: Circumstances) -> Figure:
    if row.quantizer == AS_IT_IS:
        return Figure("Converting", "—", "it is there already", "The model as it lies needs no conversion.")
    found = of.conversion
    if found is None:
        return Figure("Converting", "…", "being worked out", "Each encoder is timed here once, for a moment.")
    if isinstance(found, Failed):
        return Figure("Converting", "—", "not possible", f"{found.message} {found.hint}".strip())
    explanation = (
        f"From the speed of its encoder on this computer; takes {byte_count(found.memory_bytes)} of memory at most and "
        f"{byte_count(found.disk_bytes)} of the disk. The proof, and a slow disk, come on top."
    )
    note = band_words(of.bands, "convert_seconds") or "estimated"
    return Figure(
        "Converting",
        duration(found.seconds),
        note,
        explanation + _band_sentence(of.bands, "convert_seconds"),
    )


def load_words(row: FitRow) -> str:
    """Seconds of loading for the table."""
    return seconds(row.load_seconds) if row.load_seconds else "—"


def convert_words(row: FitRow, found: Forecast | Failed | None) -> str:
    """Time of converting for the table."""
    if row.quantizer == AS_IT_IS or isinstance(found, Failed):
        return "—"
    return duration(found.seconds) if found is not None else "…"


def graphics_figure(name: str, found: GraphicsFit) -> Figure:
    """What of a format other programs could put into a graphics memory."""
    how_many = "all" if found.fits else f"{found.n_layers} of"
    explanation = (
        f"{found.pool}, for llama.cpp or vLLM; Octavo itself computes on the processor. {name} would need "
        f"{byte_count(found.total_bytes)} there. Layers: {found.formula}. Estimated, not measured."
    )
    return Figure(
        found.pool,
        f"{how_many} {found.of_layers} layers",
        f"{byte_count(found.free_bytes)} free",
        explanation,
    )


def seconds(value: float) -> str:
    """``0.24 s``, ``3.1 s``, ``1 min 12 s``."""
    if value < 0.0995:
        return f"{1000 * value:.0f} ms"
    if value < 0.995:
        return f"{value:.2f} s"
    return f"{value:.1f} s" if value < 9.95 else duration(value)


def _ms(value: float) -> str:
    return f"{1000 * value:.1f} ms" if value < 0.0995 else seconds(value)
