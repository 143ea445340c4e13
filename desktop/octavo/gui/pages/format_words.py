"""Formats and their figures in words: the rows of the list, and the facts of the one on view."""

from __future__ import annotations

from collections.abc import Sequence

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.estimate.fit import FitRow
from octavo.engine.measure.figures import Figures
from octavo.engine.quantize.quantizer import Quantizer
from octavo.gui.forecaster import Forecast
from octavo.gui.markdown.clean_text import clean
from octavo.gui.pages.quality_words import agreement, quality_facts
from octavo.gui.widgets.format_list import Format
from octavo.gui.widgets.format_row import FormatRow
from octavo.gui.wording import byte_count, likely_speed, roughly
from octavo.gui.workspace import Workspace
from octavo.worker.protocol import Failed

RECOMMENDED = "Q4_K_M"
# In this order; what else is shipped is for special needs.
USUAL = (RECOMMENDED, "Q8_0", "Q6_K", "Q5_K_M")


def formats_of(quantizers: Sequence[Quantizer], workspace: Workspace) -> list[Format]:
    """The list: the usual ones first, then those of other plugins, then the rare ones."""
    if not quantizers:  # the host would load the plugins to answer, before the window is painted
        return []
    shipped = {name for each in workspace.host.plugins() if each.is_shipped for name in each.quantizers}
    rare = {each for each in shipped if each not in USUAL and not each.startswith("AWQ")}

    def place(quantizer: Quantizer) -> tuple[int, int, str]:
        name = quantizer.name
        return (int(name in rare), USUAL.index(name) if name in USUAL else len(USUAL), name)

    return [
        Format(
            clean(each.name),
            clean(each.summary),
            "Recommended" if each.name == RECOMMENDED else "",
            is_rare=each.name in rare,
        )
        for each in sorted(quantizers, key=place)
    ]


def show_row(shown: FormatRow, found: FitRow | None) -> None:
    """Show what a format would cost, or why it cannot be had."""
    if found is None:
        shown.show_figures("—", "—", "—")
    elif not found.file_bytes:
        shown.show_problem(clean(found.sentence))
    else:
        memory = byte_count(found.total_bytes) if found.total_bytes else "—"
        shown.show_figures(byte_count(found.file_bytes), memory, likely_speed(found.tokens_per_second) or "—")


def show_quality(shown: FormatRow, found: tuple[Figures, bool] | None) -> None:
    """Show how close a format stays to the source; nothing where nobody has measured it."""
    if found is None:
        shown.show_quality("", "agreement", is_final=True)
    else:
        shown.show_quality(*agreement(found[0]), is_final=found[1])


def outcome_facts(
    card: ModelCard,
    found: FitRow,
    forecast: Forecast | Failed | None,
    quality: tuple[Figures, bool] | None,
    *,
    n_copies: int = 1,
) -> list[tuple[str, str]]:
    """The lines of the panel for the format on view; the forecast is of all ``n_copies`` together."""
    change = found.file_bytes / max(card.file_bytes, 1) - 1
    told = f"  ({change:+.0%})".replace("-", "−") if round(100 * change) else ""
    size = f"{byte_count(found.file_bytes)}{told}"
    return [
        ("Original", byte_count(card.file_bytes)),
        ("Converted, exactly", size),
        ("Bits per weight", f"{8 * found.file_bytes / max(card.n_parameters, 1):.2f}"),
        *_forecast_facts(forecast, n_copies),
        *(quality_facts(quality[0]) if quality else []),
    ]


def _forecast_facts(forecast: Forecast | Failed | None, n_copies: int) -> list[tuple[str, str]]:
    """What the conversion itself takes; dots until the engine has said it."""
    of_all = f", all {n_copies}" if n_copies > 1 else ""
    memory = seconds = "…" if forecast is None else "—"
    calibrating: list[tuple[str, str]] = []
    with_text = ""
    if isinstance(forecast, Forecast):
        memory, seconds = byte_count(forecast.memory_bytes), roughly(forecast.seconds)
        share = roughly(forecast.calibration_seconds)
        if forecast.calibration_seconds and share == seconds:
            with_text = ", mostly calibrating"
        elif forecast.calibration_seconds:
            calibrating = [("of it calibrating on text", share)]
        if forecast.calibration_disk_bytes:
            room = byte_count(forecast.calibration_disk_bytes)
            calibrating.append(("Disk meanwhile, given back", f"{room} more"))
    return [
        ("Peak memory while converting", memory),
        (f"Estimated time{of_all}{with_text}", seconds),
        *calibrating,
    ]
