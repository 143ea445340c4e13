"""``octavo convert``: a smaller copy of a model."""

from __future__ import annotations

import contextlib
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from octavo.cli import figures, progress
from octavo.cli.options import AsJson, Model, NoPlugins, Set, chosen_options, model_path
from octavo.cli.output import print_facts, print_json
from octavo.cli.plugins import plugin_host
from octavo.engine.errors import OctavoError

if TYPE_CHECKING:
    from octavo.engine.checkpoint.model import ModelCard
    from octavo.engine.convert.convert import ConvertReport

To = Annotated[
    str,
    typer.Option(
        "--to", metavar="NAME", help="The quantizer, for example Q4_K_M; octavo plugins lists them."
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="OUT", help="The new file; by default beside the model."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace OUT if it exists.")]


def convert(
    model: Model,
    to: To,
    output: Output = None,
    force: Force = False,
    chosen: Set = None,
    as_json: AsJson = False,
    no_plugins: NoPlugins = False,
) -> None:
    """Make a smaller copy of a model. The copy is checked before it gets its name; the model stays as it is."""
    from octavo.engine.checkpoint.open import open_checkpoint
    from octavo.engine.convert.convert import convert as conversion
    from octavo.engine.quantize.options import build_options

    quantizer = plugin_host(no_plugins).quantizer(to)
    options = build_options(quantizer, chosen_options(chosen or []))
    with contextlib.closing(open_checkpoint(model_path(model))) as source:
        target = (output or _usual_output(model, source.card, quantizer.name)).expanduser()
        if os.path.lexists(target) and not force:
            raise OctavoError(
                f"{target} exists already.", "Replace it with --force, or choose another name with -o."
            )
        work = conversion(source, quantizer, options, target, force=force)
        report = progress.run(work, "Converting")
        if as_json:
            print_json(asdict(report))
        else:
            print_facts(_facts(report, source.card.file_bytes))


def _usual_output(model: str, card: ModelCard, quantizer: str) -> Path:
    """``tiny-Q4_K_M.gguf`` beside ``tiny-F16.gguf`` or the folder ``tiny``; the demo's goes where we are."""
    if model == "demo":
        return Path(f"demo-{quantizer}.gguf")
    source = Path(card.path).absolute()
    stem = source.stem if source.is_file() else source.name
    stem = stem.removesuffix("-00001-of-" + stem.rpartition("-of-")[2])
    for ending in (card.type_name, card.type_name.lower()):
        stem = stem.removesuffix(f"-{ending}").removesuffix(f".{ending}")
    return source.with_name(f"{stem}-{quantizer}.gguf")


def _facts(report: ConvertReport, source_bytes: int) -> list[tuple[str, str]]:
    share = report.file_bytes / source_bytes
    return [
        ("Written", report.output),
        ("Size", f"{figures.size(report.file_bytes)}, {share:.0%} of {figures.size(source_bytes)}"),
        (
            "Predicted",
            "the same, to the byte" if report.file_bytes == report.predicted_bytes else "another size",
        ),
        ("Verified", f"{report.n_tensors} tensors, reopened and checked" if report.verified else "no"),
        ("Time", figures.seconds(report.seconds)),
        ("Memory", f"{figures.size(report.peak_rss_bytes)} at most"),
        ("SHA-256", report.sha256),
        *(("Note", note) for note in report.notes),
    ]
