"""``octavo bench``: how fast a model is here."""

from __future__ import annotations

import contextlib
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from octavo.cli import figures, progress
from octavo.cli.options import AsJson, Kv, KvType, Model, model_path
from octavo.cli.output import print_facts, print_json, print_line, print_table
from octavo.cli.room import require_room

if TYPE_CHECKING:
    from octavo.engine.inference.bench import BenchReport, Rate

PromptTokens = Annotated[
    int, typer.Option("--prompt-tokens", metavar="N", min=1, help="Tokens of the prompt.")
]
GenerateTokens = Annotated[
    int, typer.Option("--generate-tokens", metavar="N", min=1, help="Tokens of the answer.")
]
Depths = Annotated[
    list[int] | None,
    typer.Option(
        "--depth",
        metavar="N",
        min=0,
        help="Tokens already in the context when it begins; several may be given.",
        show_default="0",
    ),
]
ThreadCounts = Annotated[
    list[int] | None,
    typer.Option(
        "--threads",
        metavar="N",
        min=0,
        max=1024,
        help="Threads; several may be given, 0 chooses.",
        show_default=False,
    ),
]
TierName = Annotated[
    str,
    typer.Option(
        "--tier",
        metavar="NAME",
        help="Instructions to use: avx512, avxvnni, avx2, sse4, portable.",
        show_default=False,
    ),
]
Repeat = Annotated[int, typer.Option("--repeat", metavar="N", min=1, help="How often to measure.")]


def bench(
    model: Model,
    prompt_tokens: PromptTokens = 512,
    generate_tokens: GenerateTokens = 128,
    depth: Depths = None,
    threads: ThreadCounts = None,
    kv: Kv = KvType.f16,
    tier: TierName = "",
    repeat: Repeat = 5,
    as_json: AsJson = False,
) -> None:
    """Measure how fast a model reads and answers on this computer."""
    if tier:
        os.environ["OCTAVO_TIER"] = tier  # read when the first kernel is asked for
    from octavo.engine.checkpoint.open import open_checkpoint
    from octavo.engine.hardware.memory import peak_rss_bytes
    from octavo.engine.inference.bench import bench as measurement

    reports = []
    with contextlib.closing(open_checkpoint(model_path(model))) as checkpoint:
        for n_threads in threads or [0]:
            for n_before in depth or [0]:
                context_tokens = n_before + max(prompt_tokens, generate_tokens + 1) + 1
                require_room(checkpoint.card, context_tokens=context_tokens, threads=n_threads)
                work = measurement(
                    checkpoint,
                    prompt_tokens=prompt_tokens,
                    generate_tokens=generate_tokens,
                    depth=n_before,
                    n_threads=n_threads,
                    repeat=repeat,
                    kv_type=kv.value,
                )
                reports.append(progress.run(work, "Measuring"))
    peak = peak_rss_bytes()
    if as_json:
        runs = [_as_json(each, repeat) for each in reports]
        print_json({**runs[0], "peak_rss_bytes": peak, "runs": runs})
    elif len(reports) == 1:
        _print_one(reports[0], peak)
    else:
        _print_all(reports, peak)


def _as_json(report: BenchReport, repeat: int) -> dict[str, Any]:  # values that JSON knows
    return {
        "prefill_tokens_per_second": report.prefill.median,
        "decode_tokens_per_second": report.decode.median,
        "load_seconds": report.load_seconds,
        "tier": report.tier,
        "threads": report.n_threads,
        "prompt_tokens": report.prompt_tokens,
        "generate_tokens": report.generate_tokens,
        "depth": report.depth,
        "kv": report.kv_type,
        "repeat": repeat,
        "prefill": asdict(report.prefill),
        "decode": asdict(report.decode),
        "bytes_per_token": report.bytes_per_token,
        "memory_bandwidth": report.bandwidth,
        "roofline_share": report.roofline_share,
    }


def _print_one(report: BenchReport, peak: int) -> None:
    print_facts(
        [
            ("Reading", _rate(report.prefill, report.prompt_tokens, report.depth)),
            ("Answering", _rate(report.decode, report.generate_tokens, report.depth)),
            ("Memory read", _roofline(report)),
            ("Loading", figures.seconds(report.load_seconds)),
            ("With", f"{report.n_threads} threads, {report.tier}"),
            ("Memory", f"{figures.size(peak)} at most"),
        ]
    )


def _print_all(reports: list[BenchReport], peak: int) -> None:
    headings = ["threads", "depth", "reading", "answering", "of the memory's speed"]
    rows = [
        [
            str(each.n_threads),
            figures.count(each.depth),
            _short(each.prefill),
            _short(each.decode),
            f"{each.roofline_share:.0%}",
        ]
        for each in reports
    ]
    print_table(headings, rows, right="rrrrr")
    print_line()
    first = reports[0]
    print_facts(
        [
            ("Speeds", f"tokens per second, medians (lowest - highest), {first.tier}"),
            ("Loading", figures.seconds(first.load_seconds)),
            ("Memory", f"{figures.size(peak)} at most"),
        ]
    )


def _short(rate: Rate) -> str:
    return f"{rate.median:,.1f} ({rate.lowest:,.1f} - {rate.highest:,.1f})"


def _roofline(report: BenchReport) -> str:
    """How near decoding comes to the memory's own speed; the processor's caches may hold a small model."""
    if not report.decode.median:
        return ""
    used, whole = (
        f"{each / 1e9:.1f} GB/s" for each in (report.bytes_per_token * report.decode.median, report.bandwidth)
    )
    held = ": the processor's caches hold this model" if report.roofline_share > 1 else ""
    return f"{used} of {whole} ({report.roofline_share:.0%}){held}"


def _rate(rate: Rate, n_tokens: int, depth: int) -> str:
    after = f" after {figures.count(depth)}" if depth else ""
    speed = f"{figures.speed(rate.median)} over {figures.count(n_tokens)} tokens{after}"
    return f"{speed} (from {rate.lowest:,.1f} to {rate.highest:,.1f})"
