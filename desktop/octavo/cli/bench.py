"""``octavo bench``: how fast a model is here."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from typing import Annotated

import typer

from octavo.cli import figures, progress
from octavo.cli.options import AsJson, Model, Threads, model_path
from octavo.cli.output import print_facts, print_json

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
    from octavo.engine.inference.bench import bench as measurement

    with contextlib.closing(open_checkpoint(model_path(model))) as checkpoint:
        work = measurement(
            checkpoint,
            prompt_tokens=prompt_tokens,
            generate_tokens=generate_tokens,
            depth=depth,
            n_threads=threads,
            repeat=repeat,
        )
        report = progress.run(work, "Measuring")
    if as_json:
        print_json(asdict(report))
        return
    print_facts(
        [
            ("Reading", f"{figures.speed(report.prefill_tokens_per_second)} over {prompt_tokens} tokens"),
            ("Answering", f"{figures.speed(report.decode_tokens_per_second)} over {generate_tokens} tokens"),
            ("Loading", figures.seconds(report.load_seconds)),
            ("With", f"{report.threads} threads, {report.tier}"),
            ("Memory", f"{figures.size(report.peak_rss_bytes)} at most"),
        ]
    )
