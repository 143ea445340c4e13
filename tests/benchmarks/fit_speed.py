"""Predicted and measured speed: a table for given models, at the beginning and deep in the context.

    chrt -f 10 python tests/benchmarks/fit_speed.py MODEL... --depths 0 2048 [--rounds 7] [--json FILE]

Each round probes this computer anew, as ``octavo fit`` does, then loads each model in a fresh child and times it: a
shared computer's speed changes within minutes, and both sides must meet the same. Between the two it waits, so that the
memory which the probe took has gone back to where it came from. The prediction is what ``octavo fit`` would say after
that probe. Measured are the load, a prompt of 512 random tokens, and an answer of 128 chosen greedily, as llama-bench
times them. The difference is the median of the rounds' differences.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

from client import EngineClient

from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.estimate.speed import SpeedForecast, speed_forecast
from octavo.engine.estimate.speeds import Speeds
from octavo.engine.inference.bench import time_decode, time_prefill
from octavo.engine.inference.session import load_session
from octavo.engine.inference.speed_probe import read_speeds
from octavo.engine.progress import finish
from octavo.worker.protocol import Load

PROMPT_TOKENS, ANSWER_TOKENS = 512, 128
SETTLE_SECONDS = 15


@dataclass(frozen=True)
class Speed:
    """Tokens per second of an answer and of a prompt, and seconds of loading."""

    decode: float
    prefill: float
    load: float


@dataclass(frozen=True)
class Round:
    """One model at one depth, predicted and measured within a minute."""

    model: str
    depth: int
    predicted: Speed
    measured: Speed


def measured(path: Path, depths: list[int], speeds: Speeds, kv_type: str) -> list[Round]:
    """Load one model and time it at each depth."""
    context = max(depths) + PROMPT_TOKENS + ANSWER_TOKENS + 1
    load = _loaded(path, context, kv_type, speeds.n_threads)
    with contextlib.closing(open_checkpoint(path)) as checkpoint:
        timed = _timed(checkpoint, depths, context, kv_type, speeds.n_threads)
        expected = [
            speed_forecast(checkpoint.card, None, speeds, depth=each, kv_type=kv_type, context_tokens=context)
            for each in depths
        ]
    return [
        Round(path.stem, depth, _said(forecast), Speed(*rates, load))
        for depth, forecast, rates in zip(depths, expected, timed, strict=True)
    ]


def _said(forecast: SpeedForecast) -> Speed:
    return Speed(forecast.decode, forecast.prefill, forecast.load_seconds)


def _loaded(path: Path, context_tokens: int, kv_type: str, n_threads: int) -> float:
    """Seconds of loading in a fresh child, as a user waits for it; the file is in the system's cache."""
    with EngineClient() as child:
        request = Load(path=str(path), context_tokens=context_tokens, kv_type=kv_type, n_threads=n_threads)
        return float(child.ask(request)["load_seconds"])


def _timed(
    checkpoint: Checkpoint, depths: list[int], context: int, kv_type: str, n_threads: int
) -> list[tuple[float, float]]:
    """Tokens per second of answer and prompt at each depth."""
    session = finish(load_session(checkpoint, context_tokens=context, kv_type=kv_type, n_threads=n_threads))
    ids = [n * 7919 % session.shape.n_vocabulary for n in range(max(depths) + PROMPT_TOKENS)]
    found = []
    with contextlib.closing(session):
        finish(session.prefill(ids[:PROMPT_TOKENS]))  # as llama-bench does, a run that does not count
        for depth in depths:
            kept = session.truncate(depth)
            finish(session.prefill(ids[kept:depth]))
            prefill = PROMPT_TOKENS / time_prefill(session, ids[depth : depth + PROMPT_TOKENS])
            kept = session.truncate(depth + 1)
            finish(session.prefill(ids[kept : depth + 1]))
            found.append((ANSWER_TOKENS / time_decode(session, ANSWER_TOKENS), prefill))
    return found


def table(rounds: list[Round]) -> str:
    """Markdown: medians of all rounds."""
    lines = [
        "| model | depth | answer predicted | measured | | prompt predicted | measured | | load | measured | |",
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    by_row = defaultdict(list)
    for each in rounds:
        by_row[each.model, each.depth].append(each)
    for (model, depth), of in by_row.items():
        cells = [_cells(of, name, digits) for name, digits in (("decode", 1), ("prefill", 0), ("load", 2))]
        lines.append(f"| {model} | {depth} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cells(rounds: list[Round], name: str, digits: int) -> str:
    """Predicted, measured, and their difference."""
    pairs = [(getattr(each.predicted, name), getattr(each.measured, name)) for each in rounds]
    predicted, measured = (statistics.median(each) for each in zip(*pairs, strict=True))
    difference = statistics.median(said / was - 1 for said, was in pairs)
    unit = " s" if name == "load" else ""
    return f"{predicted:.{digits}f}{unit} | {measured:.{digits}f}{unit} | {difference:+.0%}"


def main() -> None:
    """Probe and measure all models, round after round, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--depths", nargs="+", type=int, default=[0, 2048])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--kv", default="f16")
    parser.add_argument("--json", type=Path, help="every round, not only the medians")
    options = parser.parse_args()
    kinds = set()
    for path in options.models:
        with contextlib.closing(open_checkpoint(path)) as checkpoint:
            kinds |= {each.block_type.name for each in checkpoint.tensors if each.is_matrix}
    finish(read_speeds(sorted(kinds), options.threads, compiles=True))
    rounds: list[Round] = []
    for turn in range(options.rounds):
        for path in options.models:
            started = time.perf_counter()
            speeds = finish(read_speeds(sorted(kinds), options.threads, again=True, compiles=True))
            probing = time.perf_counter() - started
            time.sleep(SETTLE_SECONDS)
            rounds += measured(path, options.depths, speeds, options.kv)
        print(f"Round {turn + 1}: the last probe took {probing:.1f} s for {len(kinds)} kinds.", flush=True)
        if options.json:
            options.json.write_text(json.dumps([asdict(each) for each in rounds], indent=1) + "\n")
    print()
    print(table(rounds))


if __name__ == "__main__":
    main()
