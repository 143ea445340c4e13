"""Predicted and measured speed: a table for given models, at the beginning and deep in the context.

    chrt -f 10 python tests/benchmarks/fit_speed.py MODEL... --depths 0 2048 [--again] [--json FILE]

The prediction is what ``octavo fit`` says after its probe (``--again`` probes anew). Measured are the medians of
several rounds in one session: a prompt of 512 random tokens, and an answer of 24 chosen greedily; and of loading in as
many fresh children.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.estimate.speed import speed_forecast
from octavo.engine.estimate.speeds import Speeds
from octavo.engine.inference.bench import time_decode, time_prefill
from octavo.engine.inference.session import Session, load_session
from octavo.engine.inference.speed_probe import read_speeds
from octavo.engine.progress import finish
from octavo.worker.client import EngineClient
from octavo.worker.protocol import Load

PROMPT_TOKENS, ANSWER_TOKENS = 512, 24


@dataclass(frozen=True)
class Row:
    """One model at one depth; tokens per second and seconds, predicted and measured."""

    model: str
    type: str
    depth: int
    predicted_decode: float
    measured_decode: float
    predicted_prefill: float
    measured_prefill: float
    predicted_load: float
    measured_load: float


def measured(path: Path, depths: list[int], speeds: Speeds, rounds: int, kv_type: str) -> list[Row]:
    """Load one model and time it at each depth."""
    context = max(depths) + PROMPT_TOKENS + 1
    load_seconds = _loaded(path, context, kv_type, speeds.n_threads, rounds)
    with contextlib.closing(open_checkpoint(path)) as checkpoint:
        session = finish(
            load_session(checkpoint, context_tokens=context, kv_type=kv_type, n_threads=speeds.n_threads)
        )
        card = checkpoint.card
        rows = []
        with contextlib.closing(session):
            for depth in depths:
                expected = speed_forecast(card, None, speeds, depth=depth, kv_type=kv_type)
                decode, prefill = _timed(session, depth, rounds)
                rows.append(
                    Row(
                        model=path.stem,
                        type=card.type_name,
                        depth=depth,
                        predicted_decode=expected.decode,
                        measured_decode=decode,
                        predicted_prefill=expected.prefill,
                        measured_prefill=prefill,
                        predicted_load=expected.load_seconds,
                        measured_load=load_seconds,
                    )
                )
    return rows


def _loaded(path: Path, context_tokens: int, kv_type: str, n_threads: int, rounds: int) -> float:
    """Seconds of loading in a fresh child, as a user waits for it; the file is in the system's cache."""
    seconds = []
    for _ in range(rounds):
        with EngineClient() as child:
            request = Load(
                path=str(path), context_tokens=context_tokens, kv_type=kv_type, n_threads=n_threads
            )
            seconds.append(child.ask(request)["load_seconds"])
    return statistics.median(seconds)


def _timed(session: Session, depth: int, rounds: int) -> tuple[float, float]:
    """Tokens per second of answer and prompt."""
    ids = [n * 7919 % session.shape.n_vocabulary for n in range(depth + PROMPT_TOKENS)]
    decode, prefill = [], []
    for _ in range(rounds):
        kept = session.truncate(depth)
        finish(session.prefill(ids[kept:depth]))
        prefill.append(PROMPT_TOKENS / time_prefill(session, ids[depth:]))
        kept = session.truncate(depth + 1)
        finish(session.prefill(ids[kept : depth + 1]))
        decode.append(ANSWER_TOKENS / time_decode(session, ANSWER_TOKENS))
    return statistics.median(decode), statistics.median(prefill)


def table(rows: list[Row]) -> str:
    """Markdown."""
    lines = [
        "| model | depth | answer predicted | measured | | prompt predicted | measured | | load | measured | |",
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for row in rows:
        answer = f"{row.predicted_decode:.1f} | {row.measured_decode:.1f}"
        prompt = f"{row.predicted_prefill:.0f} | {row.measured_prefill:.0f}"
        load = f"{row.predicted_load:.2f} s | {row.measured_load:.2f} s"
        load += f" | {row.predicted_load / row.measured_load - 1:+.0%}"
        answer += f" | {row.predicted_decode / row.measured_decode - 1:+.0%}"
        prompt += f" | {row.predicted_prefill / row.measured_prefill - 1:+.0%}"
        lines.append(f"| {row.model} | {row.depth} | {answer} | {prompt} | {load} |")
    return "\n".join(lines)


def main() -> None:
    """Probe, measure all models and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--depths", nargs="+", type=int, default=[0, 2048])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kv", default="f16")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    kinds = set()
    for path in options.models:
        with contextlib.closing(open_checkpoint(path)) as checkpoint:
            kinds |= {each.block_type.name for each in checkpoint.tensors if each.is_matrix}
    finish(read_speeds(sorted(kinds), options.threads, compiles=True))
    started = time.perf_counter()
    speeds = finish(read_speeds(sorted(kinds), options.threads, again=options.again, compiles=True))
    print(f"Probed {len(speeds.kinds)} kinds in {time.perf_counter() - started:.1f} s.\n", flush=True)
    rows = []
    for path in options.models:
        rows += measured(path, options.depths, speeds, options.rounds, options.kv)
        print("\n".join(table(rows).splitlines()[-len(options.depths) :]), flush=True)
    print()
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
