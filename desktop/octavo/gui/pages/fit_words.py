"""The figures of one way to run a model: each with how good it is and how it was worked out."""

from __future__ import annotations

from octavo import __version__
from octavo.engine.estimate.fit import AS_IT_IS, FitRow
from octavo.engine.estimate.graphics import GraphicsFit
from octavo.engine.estimate.verdict import FITS_SHARE, RUNS_WELL_SHARE
from octavo.engine.hardware.cores import processor_name
from octavo.gui.forecaster import Forecast
from octavo.gui.pages.fit_circumstances import Circumstances, band_sentence, band_words, threads
from octavo.gui.pages.fit_speed_words import answers, first_word, loading, prompts
from octavo.gui.widgets.explained_figure import Figure
from octavo.gui.wording import byte_count, count, duration
from octavo.gui.workspace import Model
from octavo.worker.protocol import Failed

N_FIGURES = 9


def nothing_words(model: Model | None) -> str:
    """Why there are no figures."""
    if model is None:
        return "Choose a model at the upper right to see what it needs in each format."
    return f"{model.name}: {model.problem or 'its header is being read…'}"


def heading(row: FitRow, of: Circumstances) -> str:
    """What the figures are of, for where they are read without the page."""
    return (
        f"{of.card.name} ({of.card.type_name}), {row.quantizer}: {row.verdict}. {row.sentence}\n"
        f"Context {count(of.context_tokens)} tokens in {of.kv_type}, {threads(of.n_threads)} of "
        f"{processor_name()}; {byte_count(of.ram.free_bytes)} of {byte_count(of.ram.total_bytes)} free; "
        f"Octavo {__version__}."
    )


def figures(row: FitRow, of: Circumstances) -> list[Figure]:
    """What the page shows of the chosen format."""
    if not row.total_bytes:
        return [Figure("Memory", "unknown", "", row.sentence)]
    return [
        _memory(row, of),
        _loading_memory(row, of),
        _largest(row, of),
        answers(row, of),
        prompts(row, of),
        first_word(row, of),
        loading(row, of),
        _file(row),
        _converting(row, of),
    ]


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
        explanation + band_sentence(of.bands, "memory_bytes"),
    )


def _loading_memory(row: FitRow, of: Circumstances) -> Figure:
    explanation = (
        f"Program {byte_count(row.program_bytes)} and weights {byte_count(row.weights_bytes)}; first with pieces of "
        f"4 MB on their way from the file in {threads(min(of.n_threads, 4))}, then the working buffers and what of the "
        "cache a first prompt uses, taken in advance so that it need not wait for them."
    )
    note = band_words(of.bands, "loading_bytes") or "counted"
    explanation += band_sentence(of.bands, "loading_bytes")
    return Figure("While loading", byte_count(row.loading_bytes), note, explanation)


def _largest(row: FitRow, of: Circumstances) -> Figure:
    free = of.ram.free_bytes
    explanation = (
        f"The longest context with which it takes {RUNS_WELL_SHARE:.0%} of the {byte_count(free)} that are free: other "
        f"programs keep room to breathe. Beyond {FITS_SHARE:.0%} loading is refused. The model was made for "
        f"{count(of.card.hyperparameters.context_length)} tokens."
    )
    value = f"{count(row.largest_context)} tokens" if row.largest_context else "none"
    note = "runs well up to it" if row.largest_context else "none runs well"
    return Figure("Largest safe context", value, note, explanation)


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
    text_bytes = found.calibration_disk_bytes
    meanwhile = f", {byte_count(text_bytes)} more while it calibrates" if text_bytes else ""
    explanation = (
        f"From the speed of its encoder on this computer; takes {byte_count(found.memory_bytes)} of memory at most and "
        f"{byte_count(found.disk_bytes)} of the disk{meanwhile}. The proof comes on top."
    )
    note = band_words(of.bands, "convert_seconds") or "estimated"
    return Figure(
        "Converting",
        duration(found.seconds),
        note,
        explanation + band_sentence(of.bands, "convert_seconds"),
    )


def convert_words(row: FitRow, found: Forecast | Failed | None) -> str:
    """Time of converting for the table."""
    if row.quantizer == AS_IT_IS or isinstance(found, Failed):
        return "—"
    return duration(found.seconds) if found is not None else "…"


def graphics_figure(name: str, found: GraphicsFit) -> Figure:
    """What of a format other programs could put into a graphics memory, or several."""
    how_many = "all" if found.fits else f"{found.n_layers} of"
    model = "the model as it is" if name == AS_IT_IS else name
    explanation = (
        f"For other programs: Octavo itself computes on the processor. llama.cpp takes the layers that fit "
        f"({found.flags}); all of {model} would need {byte_count(found.total_bytes)}. {found.formula}. "
        f"{_vllm_words(found)} Estimated, not measured."
    )
    return Figure(
        found.pool,
        f"{how_many} {found.of_layers} layers",
        f"{byte_count(found.free_bytes)} free; vLLM: {'fits' if found.fits_vllm else 'does not fit'}",
        explanation,
    )


def _vllm_words(found: GraphicsFit) -> str:
    needs = (
        f"vLLM takes a model whole or not at all, {byte_count(found.vllm_bytes)} of weights and 16-bit cache"
    )
    if not found.vllm_budget_bytes:
        return f"{needs}, and cannot divide it equally here."
    return f"{needs}, within 0.9 of each card, {byte_count(found.vllm_budget_bytes)}."
