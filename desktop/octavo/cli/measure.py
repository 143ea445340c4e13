"""``octavo measure``: how closely a model follows the one it is made from, with confidence intervals."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from octavo.cli import figures as shown
from octavo.cli import progress
from octavo.cli.ctrl_c import interrupted, stopped_by_ctrl_c
from octavo.cli.options import AsJson, Model, NoPlugins, Set, Threads, chosen_options, model_path
from octavo.cli.output import print_json, print_line, print_sentence, print_table
from octavo.cli.plugins import plugin_host
from octavo.engine.folders import expanded

if TYPE_CHECKING:
    from octavo.engine.measure.figures import Figure, Figures, Measurement
    from octavo.engine.measure.measure import Measuring
    from octavo.engine.progress import Progress, Work
    from octavo.engine.stop import Stop

Reference = Annotated[
    str,
    typer.Option(
        "--reference",
        metavar="REF",
        help="The model to compare with: a file, a folder or demo. With --as, MODEL itself unless given.",
        show_default=False,
    ),
]
As = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="NAME",
        help="Measure what this format, for example Q4_K_M, would make of MODEL, before any file is written.",
        show_default=False,
    ),
]
TextFile = Annotated[
    Path | None,
    typer.Option(
        "--text",
        metavar="FILE",
        help="A text to measure on (UTF-8), instead of the one that comes with Octavo.",
    ),
]
Tokens = Annotated[
    int,
    typer.Option(
        "--tokens",
        metavar="N",
        min=0,
        help="Tokens of the text to read, 8192 unless given; more make the intervals narrower.",
        show_default=False,
    ),
]
_ROWS = (
    ("Perplexity", "perplexity", 3),
    ("Perplexity of the reference", "reference_perplexity", 3),
    ("Perplexity ratio", "perplexity_ratio", 4),
    ("KL divergence, mean", "mean_kl", 5),
    ("KL divergence, 99 % below", "kl_p99", 4),
    ("Same first choice", "same_top_1", 4),
)


def measure(
    model: Model,
    reference: Reference = "",
    name: As = "",
    text: TextFile = None,
    tokens: Tokens = 0,
    chosen: Set = None,
    threads: Threads = 0,
    as_json: AsJson = False,
    no_plugins: NoPlugins = False,
) -> None:
    """Measure a model's quality: perplexity, KL divergence and same first choice, each with its 95 % interval.

    For example: octavo measure my-model --as Q4_K_M tells what that format would cost before a file is written, and
    octavo measure small.gguf --reference my-model what it did cost.
    """
    from octavo.engine.checkpoint.open import open_checkpoint
    from octavo.engine.measure.job import measure_model
    from octavo.engine.measure.text import read_text
    from octavo.engine.quantize.options import build_options

    if chosen and not name:
        raise typer.BadParameter("--set needs --as, which names the quantizer")
    quantizer = plugin_host(no_plugins).quantizer(name) if name else None
    options = build_options(quantizer, chosen_options(chosen or [])) if quantizer is not None else None
    with contextlib.ExitStack() as opened:
        text_chosen = read_text(expanded(text)) if text is not None else None
        checkpoint = opened.enter_context(contextlib.closing(open_checkpoint(model_path(model))))
        compared = (
            opened.enter_context(contextlib.closing(open_checkpoint(model_path(reference))))
            if reference
            else None
        )
        stop = opened.enter_context(stopped_by_ctrl_c())
        work = measure_model(
            checkpoint,
            quantizer=quantizer,
            options=options,
            reference=compared,
            text=text_chosen,
            tokens=tokens,
            n_threads=threads,
            stop=stop,
        )
        measurement = progress.run(_told(work, stop), "Measuring")
    if as_json:
        print_json(_plain(measurement))
    else:
        _print(measurement)


def _told(measuring: Measuring, stop: Stop) -> Work[Measurement]:
    """The measurement as ordinary work; what is known so far stands in the label. Ctrl-C ends it."""
    from octavo.engine.measure.figures import Figures

    known = ""

    def told(step: Progress | Figures) -> Progress | None:
        nonlocal known
        if isinstance(step, Figures):
            known = _in_short(step)
            return None
        return replace(step, label=known or step.label)

    return (yield from interrupted(measuring, stop, told))


def _in_short(figures: Figures) -> str:
    if figures.mean_kl is None or figures.same_top_1 is None:
        return f"perplexity {figures.perplexity.value:.2f}"
    return f"KL {figures.mean_kl.value:.4f}, same choice {100 * figures.same_top_1.value:.1f} %"


def _plain(measurement: Measurement) -> dict[str, Any]:  # values that JSON knows
    figures = measurement.figures
    result: dict[str, Any] = {
        "model": measurement.model,
        "as": measurement.quantizer or None,
        "effort": measurement.effort or None,
        "reference": measurement.reference or None,
    }
    for _, key, _ in _ROWS:
        figure: Figure | None = getattr(figures, key)
        result[key] = None if figure is None else figure.value
        result[f"{key}_ci95"] = None if figure is None else [figure.low, figure.high]
    return result | {
        "file_bytes": measurement.file_bytes,
        "text": measurement.text,
        "tokens": measurement.text_tokens,
        "scored_tokens": figures.scored_tokens,
        "windows": figures.windows,
        "window_tokens": measurement.window_tokens,
        "reused_windows": measurement.reused_windows,
        "window_kl": measurement.window_kl,
        "seconds": measurement.seconds,
    }


def _print(measurement: Measurement) -> None:
    from octavo.engine.measure.conclusion import conclusion

    figures = measurement.figures
    rows = []
    for title, key, digits in _ROWS:
        figure: Figure | None = getattr(figures, key)
        if figure is not None:
            rows.append((title, *_cells(figure, digits, is_share=key == "same_top_1")))
    print_table(("", "MEASURED", "95 % INTERVAL"), rows, right=" rr")
    print_line()
    print_sentence(conclusion(figures))
    if measurement.effort == "best":
        print_sentence(f"{measurement.quantizer} with calibration, as octavo convert makes it.")
    about = f"{shown.size(measurement.file_bytes)}. Scored {shown.count(figures.scored_tokens)} tokens"
    print_sentence(
        f"{about} of {measurement.text} in {shown.seconds(measurement.seconds)}; other texts may differ."
    )


def _cells(figure: Figure, digits: int, *, is_share: bool) -> tuple[str, str]:
    if is_share:
        return f"{100 * figure.value:.1f} %", f"{100 * figure.low:.1f} to {100 * figure.high:.1f} %"
    return f"{figure.value:.{digits}f}", f"{figure.low:.{digits}f} to {figure.high:.{digits}f}"
