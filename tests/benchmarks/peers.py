"""Measure Octavo and llama.cpp in turns on the same files: decode, decode at depth, prefill.

Both stay loaded, each in a process of its own, and alternate round by round, so that whatever else the machine
does meets both. llama.cpp is llama-cpp-python in an environment of its own (README: how to build it)::

    python tests/benchmarks/peers.py MODEL.gguf ... --peer-python PEER/bin/python --json figures.json
    python tests/benchmarks/peers.py MODEL.gguf ... --peer-python PEER/bin/python --busy 2
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from child import Child, busy_processes, children


@dataclass(frozen=True)
class Figure:
    """One thing to measure: ``tokens`` in one go, in an empty cache or from ``depth``."""

    command: str
    tokens: int
    depth: int = 0

    @property
    def name(self) -> str:
        """As the table calls it."""
        return f"prefill {self.tokens}" if self.command == "prefill" else f"decode @ {self.depth}"


@dataclass(frozen=True)
class Measured:
    """The rounds of one figure on every side, in tokens per second."""

    model: str
    n_threads: int
    figure: str
    rounds: dict[str, list[float]]

    def median(self, side: str) -> float:
        """Tokens per second."""
        return statistics.median(self.rounds[side])

    def ratio(self) -> float | None:
        """How many times the peer's median the first side's is, where there are two sides."""
        if len(self.rounds) < 2:
            return None
        ours, theirs = (self.median(side) for side in self.rounds)
        return ours / theirs


def measure(sides: Sequence[Child], figure: Figure, n_rounds: int) -> dict[str, list[float]]:
    """Take turns ``n_rounds`` times after one round that does not count."""
    rounds: dict[str, list[float]] = {child.side: [] for child in sides}
    for child in sides:
        if figure.command == "decode":
            child.ask("fill", depth=figure.depth)
        child.ask(figure.command, tokens=figure.tokens)
    for _ in range(n_rounds):
        for child in sides:
            taken = child.ask(figure.command, tokens=figure.tokens)["seconds"]
            rounds[child.side].append(figure.tokens / taken)
    return rounds


def measure_model(
    pythons: dict[str, str], model: Path, n_threads: int, figures: Sequence[Figure], n_rounds: int
) -> Iterator[Measured]:
    """Load ``model`` on every side and measure all figures."""
    context_tokens = max(figure.depth + figure.tokens for figure in figures)
    # Whole pages of 256 tokens, and room for the first token.
    context_tokens = (context_tokens // 256 + 1) * 256
    with children(pythons, model, n_threads, context_tokens) as sides:
        for figure in figures:
            yield Measured(model.name, n_threads, figure.name, measure(sides, figure, n_rounds))


def heading(sides: Sequence[str]) -> str:
    """Begin the Markdown table."""
    columns = ["model", "threads", "figure", *(f"{side} tok/s (min - max)" for side in sides)]
    columns += ["ratio"] * (len(sides) > 1)
    return f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}"


def row(measured: Measured) -> str:
    """Write one line of the Markdown table."""
    cells = [measured.model, str(measured.n_threads), measured.figure]
    for side, rounds in measured.rounds.items():
        cells.append(f"{measured.median(side):.1f} ({min(rounds):.1f} - {max(rounds):.1f})")
    ratio = measured.ratio()
    if ratio is not None:
        cells.append(f"**{ratio:.2f}**")
    return f"| {' | '.join(cells)} |"


def builds(pythons: dict[str, str], model: Path) -> Iterator[tuple[str, str]]:
    """Ask each side what it is; a comparison without the peer's build says nothing."""
    with children(pythons, model, 1, 256) as sides:
        for child in sides:
            yield child.side, child.ask("about")["about"]


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, help="GGUF files")
    parser.add_argument(
        "--peer-python", help="the interpreter that has llama_cpp; without it Octavo runs alone"
    )
    parser.add_argument("--octavo-python", default=sys.executable, help="the interpreter that has octavo")
    parser.add_argument("--peer-only", action="store_true", help="leave Octavo out")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--decode-tokens", type=int, default=32)
    parser.add_argument("--prefill-tokens", type=int, default=512, help="0 leaves prefill out")
    parser.add_argument("--depths", type=int, nargs="*", default=[0, 1024])
    parser.add_argument("--busy", type=int, default=0, metavar="N", help="N endless loops beside it")
    parser.add_argument("--json", type=Path, help="write every round there")
    return parser.parse_args()


def main() -> None:
    """Measure all models and print the table as it grows."""
    arguments = parse()
    pythons = {} if arguments.peer_only else {"octavo": arguments.octavo_python}
    if arguments.peer_python:
        pythons["llama.cpp"] = arguments.peer_python
    figures = [Figure("decode", arguments.decode_tokens, depth) for depth in arguments.depths]
    if arguments.prefill_tokens:
        figures.append(Figure("prefill", arguments.prefill_tokens))

    about = dict(builds(pythons, arguments.models[0]))
    for side, build in about.items():
        print(f"{side}: {build}")
    print(
        f"rounds: {arguments.rounds}, busy processes: {arguments.busy}\n\n{heading(list(pythons))}",
        flush=True,
    )
    results = []
    for model in arguments.models:
        for n_threads in arguments.threads:
            with busy_processes(arguments.busy):
                for measured in measure_model(pythons, model, n_threads, figures, arguments.rounds):
                    print(row(measured), flush=True)
                    results.append({**asdict(measured), "ratio": measured.ratio()})
    if arguments.json:
        report = {"builds": about, "busy": arguments.busy, "results": results}
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
