"""``octavo convert``: smaller copies of a model."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from octavo.cli import figures, progress
from octavo.cli.next_steps import next_steps
from octavo.cli.notes import note_conversion
from octavo.cli.options import AsJson, Model, NoPlugins, Set, Threads, chosen_options, model_path
from octavo.cli.output import print_facts, print_json, print_line, print_note
from octavo.cli.plugins import plugin_host
from octavo.engine.errors import OctavoError
from octavo.engine.folders import expanded

if TYPE_CHECKING:
    from octavo.engine.checkpoint.model import Checkpoint, ModelCard
    from octavo.engine.convert.forecast import Forecast
    from octavo.engine.convert.proof import Proof
    from octavo.engine.convert.report import ConvertReport
    from octavo.engine.quantize.quantizer import Quantizer

To = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="NAME[,NAME...]",
        help="The format, for example Q4_K_M; octavo plugins lists all. Several are made in one pass.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="OUT",
        help="The new file, or the folder for new ones; by default beside the model, named after the format.",
    ),
]
Force = Annotated[bool, typer.Option("--force", metavar="", help="Replace OUT if it exists.")]
NoProof = Annotated[
    bool, typer.Option("--no-proof", metavar="", help="Do not ask model and copy for 20 tokens to compare.")
]
OnlyForecast = Annotated[
    bool, typer.Option("--forecast", metavar="", help="Only tell what it will take: disk, memory and time.")
]
AllowDamaged = Annotated[
    bool,
    typer.Option(
        "--allow-damaged",
        metavar="",
        help="Set weights that are no finite numbers to 0 and tell of them, instead of stopping.",
    ),
]

_METHODS = {"best": "calibrated on text", "imatrix": "with an importance matrix", "quick": "quick"}


def convert(
    model: Model,
    to: To,
    output: Output = None,
    force: Force = False,
    chosen: Set = None,
    threads: Threads = 0,
    no_proof: NoProof = False,
    only_forecast: OnlyForecast = False,
    allow_damaged: AllowDamaged = False,
    as_json: AsJson = False,
    no_plugins: NoPlugins = False,
) -> None:
    """Make smaller copies of a model. Each is checked before it gets its name; the model stays as it is.

    For example: octavo convert my-model --to Q4_K_M, a file of four to five bits a weight instead of sixteen.
    Text runs through the model first, to find out which weights matter; --set mode=quick leaves that out.

    Killed in the middle, the same command goes on where it was.
    """
    from octavo.engine.calibrate.prepare import prepare_kernels
    from octavo.engine.checkpoint.open import open_checkpoint
    from octavo.engine.convert.choose import chosen_output, final_target
    from octavo.engine.convert.convert import convert_all
    from octavo.engine.convert.forecast import forecast

    host = plugin_host(no_plugins)
    found = [host.quantizer(name.strip()) for name in to.split(",")]
    quantizers = list({each.name: each for each in found}.values())  # named twice, made once
    options = _options_of(quantizers, chosen_options(chosen or []))
    with contextlib.closing(open_checkpoint(model_path(model))) as source:
        named = _targets(model, source.card, [each.name for each in quantizers], output)
        targets = [
            final_target(target, quantizer.plan(source.tensors, each))
            for quantizer, each, target in zip(quantizers, options, named, strict=True)
        ]
        _check_targets(targets, source, force=force or only_forecast)
        for quantizer, each in zip(quantizers, options, strict=True):
            progress.run(prepare_kernels(source, quantizer, each), "Preparing")
        wishes = [
            chosen_output(
                source, *each, n_threads=threads, only_forecast=only_forecast, goes_on=allow_damaged
            )
            for each in zip(quantizers, options, targets, strict=True)
        ]
        expected = forecast(source, wishes, n_threads=threads)
        if only_forecast:
            _show_forecast(expected, targets, as_json=as_json)
            return
        print_note(_sentence(expected))
        work = convert_all(
            source,
            wishes,
            force=force,
            n_threads=threads,
            proves=not no_proof,
            goes_on=allow_damaged,
        )
        reports = progress.run(work, "Converting")
        note_conversion(source.card.name, expected, reports)
        _show(reports, expected, source.card.file_bytes, as_json=as_json)
        if not as_json:
            print_line()
            for name, command in next_steps(model, [each.output for each in reports]):
                print_line(f"{name:<13}  {command}")  # on one line each, to be copied


def _check_targets(targets: Sequence[Path], source: Checkpoint, *, force: bool) -> None:
    """Refuse before anything is timed; an existing file is told in the words of the command line."""
    from octavo.engine.convert.target import check_target

    for target in targets:
        if os.path.lexists(target) and not force:
            raise OctavoError(
                f"{target} exists already.", "Replace it with --force, or choose another name with -o."
            )
        check_target(target, source.files(), force=True)


def _show(reports: Sequence[ConvertReport], expected: Forecast, source_bytes: int, *, as_json: bool) -> None:
    if as_json:
        print_json(_plain(reports, expected))
        return
    for report in reports:
        print_facts(_facts(report, source_bytes))
        if report is not reports[-1]:
            print_line()


def _options_of(quantizers: Sequence[Quantizer], chosen: dict[str, str]) -> list[Any]:  # of their own Options
    """The options of each quantizer; of several, each takes those that it has, and one at least must take each."""
    from octavo.engine.quantize.options import build_options, option_names

    if len(quantizers) == 1:
        return [build_options(quantizers[0], chosen)]
    known = [option_names(each) for each in quantizers]
    strange = [name for name in chosen if not any(name in each for each in known)]
    mine = [{name: chosen[name] for name in chosen if name in each or name in strange} for each in known]
    return [build_options(each, values) for each, values in zip(quantizers, mine, strict=True)]


def _targets(model: str, card: ModelCard, quantizers: Sequence[str], output: Path | None) -> list[Path]:
    """Where each file goes."""
    usual = [_usual_output(model, card, each) for each in quantizers]
    if output is None:
        return usual
    output = expanded(output)
    if output.is_dir() and not (output / "config.json").is_file():  # else it is a model itself
        return [output / each.name for each in usual]
    if len(usual) > 1:
        raise OctavoError(
            f"There is no folder {output}.", "Several files need a folder that exists: name it with -o."
        )
    return [output]


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


def _plain(reports: Sequence[ConvertReport], expected: Forecast) -> dict[str, Any]:  # what JSON knows
    """One report as it is, several as a list."""
    if len(reports) == 1:
        return {**asdict(reports[0]), "forecast": asdict(expected)}
    return {
        "outputs": [asdict(each) for each in reports],
        "seconds": reports[0].seconds,
        "forecast": asdict(expected),
    }


def _sentence(expected: Forecast) -> str:
    return (
        f"Needs {figures.size(expected.disk_bytes)} of disk ({figures.size(expected.free_disk_bytes)} free), "
        f"at most {figures.size(expected.memory_bytes)} of memory "
        f"({figures.size(expected.free_memory_bytes)} free), {_time(expected)}."
        + (f" While it calibrates: {_meanwhile(expected)}." if expected.calibration_disk_bytes else "")
    )


def _meanwhile(expected: Forecast) -> str:
    return f"{figures.size(expected.calibration_disk_bytes)} more of the disk, which are given back"


def _time(expected: Forecast) -> str:
    whole, calibrating = map(figures.roughly, (expected.seconds, expected.calibration_seconds))
    share = "nearly all" if whole == calibrating else calibrating
    of_it = f", {share} of it to calibrate" if expected.calibration_seconds else ""
    return f"{'about ' if whole[0].isdigit() else ''}{whole}{of_it}"


def _show_forecast(expected: Forecast, targets: Sequence[Path], *, as_json: bool) -> None:
    if as_json:
        print_json({"outputs": [str(each) for each in targets], "forecast": asdict(expected)})
        return
    sizes = zip(targets, expected.file_bytes, strict=True)
    print_facts(
        [
            *(("File", f"{target}, {figures.count(size)} bytes") for target, size in sizes),
            ("Disk", f"{figures.size(expected.disk_bytes)}, {figures.size(expected.free_disk_bytes)} free"),
            *([("While calibrating", _meanwhile(expected))] if expected.calibration_disk_bytes else []),
            (
                "Memory",
                f"{figures.size(expected.memory_bytes)} at most, "
                f"{figures.size(expected.free_memory_bytes)} free",
            ),
            ("Time", _time(expected)),
        ]
    )


def _facts(report: ConvertReport, source_bytes: int) -> list[tuple[str, str]]:
    share = report.file_bytes / source_bytes
    return [
        ("Written", report.output),
        ("Size", f"{figures.size(report.file_bytes)}, {share:.0%} of {figures.size(source_bytes)}"),
        (
            "Predicted",
            "the same, to the byte" if report.file_bytes == report.predicted_bytes else "another size",
        ),
        ("Method", _METHODS[report.mode]),
        ("Verified", f"{report.n_tensors} tensors, reopened and checked" if report.verified else "no"),
        *_proof_facts(report.proof),
        ("Time", figures.seconds(report.seconds)),
        ("Memory", f"{figures.size(report.peak_rss_bytes)} at most"),
        ("SHA-256", report.sha256),
        *(("Note", note) for note in report.notes),
    ]


def _proof_facts(proof: Proof | None) -> list[tuple[str, str]]:
    """What model and copy have in common."""
    if proof is None:
        return []
    facts = []
    if proof.template != "none":
        same = proof.template == "same"
        facts.append(("Template", "the same prompt as the source's" if same else "not the source's prompt"))
    if proof.tokens_source and proof.tokens_result:
        n_tokens = len(proof.tokens_source)
        first = proof.first_difference
        same_words = f"the first {n_tokens} tokens are the source's"
        facts.append(
            (
                "Compared",
                same_words if first is None else f"token {first + 1} of {n_tokens} is the first to differ",
            )
        )
        facts += [("Source", proof.text_source), ("Copy", proof.text_result)]
    return [*facts, ("Compared", proof.skipped)]
