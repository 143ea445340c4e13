"""``octavo bench``: how fast a model is here."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from octavo.cli import figures, progress
from octavo.cli.options import AsJson, Model, Threads, model_path
from octavo.cli.output import print_facts, print_json
from octavo.cli.room import require_room

if TYPE_CHECKING:
    from octavo.engine.inference.bench import Rate

PromptTokens = Annotated[
    int, typer.Option("--prompt-tokens", metavar="N", min=1, help="Tokens of the prompt.")
]
GenerateTokens = Annotated[
    int, typer.Option("--generate-tokens", metavar="N", min=1, help="Tokens of the answer.")
]
Depth = Annotated[
    int, typer.Option("--depth", metavar="N", min=0, help="Tokens already in the context when it begins.")
]
Repeat = Annotated[int, typer.Option("--repeat", metavar="N", min=1, help="How often to measure.")]


def bench(
    model: Model,
    prompt_tokens: PromptTokens = 512,
    generate_tokens: GenerateTokens = 128,
    depth: Depth = 0,
    threads: Threads = 0,
    repeat: Repeat = 5,
    as_json: AsJson = False,
) -> None:
    """Measure how fast a model reads and answers on this computer."""
    from octavo.engine.checkpoint.open import open_checkpoint
    from octavo.engine.hardware.memory import peak_rss_bytes
    from octavo.engine.inference.bench import bench as measurement

    with contextlib.closing(open_checkpoint(model_path(model))) as checkpoint:
        context_tokens = depth + max(prompt_tokens, generate_tokens + 1) + 1
        require_room(checkpoint.card, context_tokens=context_tokens, threads=threads)
        work = measurement(
            checkpoint,
            prompt_tokens=prompt_tokens,
            generate_tokens=generate_tokens,
            depth=depth,
            n_threads=threads,
            repeat=repeat,
        )
        report = progress.run(work, "Measuring")
    peak = peak_rss_bytes()
    if as_json:
        print_json(
            {
                "prefill_tokens_per_second": report.prefill.median,
                "decode_tokens_per_second": report.decode.median,
                "load_seconds": report.load_seconds,
                "tier": report.tier,
                "threads": report.n_threads,
                "peak_rss_bytes": peak,
                "prompt_tokens": report.prompt_tokens,
                "generate_tokens": report.generate_tokens,
                "depth": report.depth,
                "repeat": repeat,
                "prefill": asdict(report.prefill),
                "decode": asdict(report.decode),
            }
        )
        return
    print_facts(
        [
            ("Reading", _rate(report.prefill, prompt_tokens, depth)),
            ("Answering", _rate(report.decode, generate_tokens, depth)),
            ("Loading", figures.seconds(report.load_seconds)),
            ("With", f"{report.n_threads} threads, {report.tier}"),
            ("Memory", f"{figures.size(peak)} at most"),
        ]
    )


def _rate(rate: Rate, n_tokens: int, depth: int) -> str:
    after = f" after {figures.count(depth)}" if depth else ""
    speed = f"{figures.speed(rate.median)} over {figures.count(n_tokens)} tokens{after}"
    return f"{speed} (from {rate.lowest:,.1f} to {rate.highest:,.1f})"
