"""The README's table of AWQ: its three outputs beside rounding to the nearest and beside Q4_K_M, made now and measured.

One line for a model's folder; what is made stays in ``--keep`` and is not made again::

    python tests/benchmarks/awq.py MODEL-FOLDER --name SmolLM2-135M --keep FOLDER \\
        --llama-quantize BUILD/bin/llama-quantize --imatrix MODEL.imatrix.gguf

Each row tells the time and the most memory of its making, so run it on an idle machine for those two columns. Prints
Markdown; a row that cannot be made is named with its reason. Intervals are of 95 %.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OCTAVO = (sys.executable, "-m", "octavo")
NEAREST = ("scales=false", "clips=false", "feedback=false")
PAPER = ("feedback=false",)


@dataclass(frozen=True)
class Row:
    """One file or folder, how it is made, and the label of the row that its divergence is set against."""

    label: str
    target: str
    command: tuple[str, ...]
    beside: str = ""


@dataclass(frozen=True)
class Made:
    """What the making took; nothing if it was there."""

    seconds: float = 0.0
    peak_bytes: int = 0


def rows(model: Path, keep: Path, chosen: argparse.Namespace) -> Iterator[Row]:
    """All rows; the F16 file that llama-quantize reads is made before its own."""

    def ours(target: str, quantizer: str, *settings: str) -> tuple[str, ...]:
        set_all = [part for each in settings for part in ("--set", each)]
        threads = ("--threads", str(chosen.threads)) if chosen.threads else ()
        output = ("-o", str(keep / target), "--no-proof")
        return (*OCTAVO, "convert", str(model), "--to", quantizer, *set_all, *output, *threads)

    for name, output in (("AutoAWQ's folder", "folder"), ("compressed-tensors", "compressed-tensors")):
        place = f"output={output}"
        nearest = f"{name}, to the nearest"
        yield Row(nearest, f"nearest-{output}", ours(f"nearest-{output}", "AWQ", place, *NEAREST))
        yield Row(
            f"{name}, the paper's AWQ",
            f"paper-{output}",
            ours(f"paper-{output}", "AWQ", place, *PAPER),
            nearest,
        )
        yield Row(f"{name}, Octavo", f"awq-{output}", ours(f"awq-{output}", "AWQ", place), nearest)
    plain = "Q4_K_M, not calibrated"
    yield Row(plain, "plain.gguf", ours("plain.gguf", "Q4_K_M", "mode=quick"))
    if chosen.llama_quantize is not None and chosen.imatrix is not None:
        f16 = keep / "f16.gguf"
        if not f16.exists():
            run(ours("f16.gguf", "F16"))
        target = keep / "imatrix.gguf"
        command = (chosen.llama_quantize, "--imatrix", chosen.imatrix, f16, target, "Q4_K_M")
        yield Row(
            "Q4_K_M, llama-quantize --imatrix", target.name, tuple(str(each) for each in command), plain
        )
    yield Row("Q4_K_M, Octavo's best mode", "best.gguf", ours("best.gguf", "Q4_K_M", "mode=best"), plain)
    yield Row("Q4_K_M with AWQ's scales", "awq.gguf", ours("awq.gguf", "AWQ", "output=gguf"), plain)


def run(command: Sequence[str]) -> Made:
    """Make something; the figures that the system kept of it."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None  # asked for
    complaint = process.stderr.read().decode(errors="replace").strip()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{complaint}")
    return Made(time.perf_counter() - start, usage.ru_maxrss * 1024)


def measured(path: Path, model: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """What ``octavo measure`` says of it."""
    command = [*OCTAVO, "measure", str(path), "--reference", str(model), "--tokens", str(chosen.tokens)]
    command += ["--text", str(chosen.text)] if chosen.text else []
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def line(row: Row, made: Made, found: dict[str, Any], divergences: dict[str, float]) -> str:
    """One row of the table."""
    share = divergences[row.label] / divergences[row.beside] if row.beside else 0.0
    cells = (
        row.label,
        f"{found['file_bytes'] / 1e6:.1f}",
        _with_interval(found, "mean_kl", 1, 4),
        f"{share:.2f}" if share else "",
        _with_interval(found, "same_top_1", 100, 1),
        _with_interval(found, "perplexity_ratio", 1, 3),
        f"{made.seconds:.0f}" if made.seconds else "",
        f"{made.peak_bytes / 1e6:.0f}" if made.peak_bytes else "",
    )
    return "| " + " | ".join(cells) + " |"


def _with_interval(found: dict[str, Any], key: str, factor: float, digits: int) -> str:
    low, high = found[f"{key}_ci95"]
    value, low, high = (f"{factor * each:.{digits}f}" for each in (found[key], low, high))
    return f"{value} ({low} to {high})"


def main() -> None:
    """Make and measure every row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="the folder of an F16 or BF16 model")
    parser.add_argument("--name", default="")
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--llama-quantize", type=Path)
    parser.add_argument("--imatrix", type=Path)
    parser.add_argument("--text", type=Path, help="held-out text; without it, the one that comes with Octavo")
    parser.add_argument("--tokens", type=int, default=8192)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--only", nargs="+", metavar="TARGET", help="rows by the names of their files")
    chosen = parser.parse_args()
    chosen.keep.mkdir(parents=True, exist_ok=True)
    print(f"{chosen.name or chosen.model.name}, {chosen.tokens:,} tokens of held-out text:\n")
    print(
        "| Made | MB | Mean KL | of the plain one | Same first choice, % | Perplexity ratio | s | Peak MB |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    divergences: dict[str, float] = {}
    for row in rows(chosen.model, chosen.keep, chosen):
        if chosen.only and row.target not in chosen.only:
            continue
        path = chosen.keep / row.target
        made = Made() if path.exists() else run(row.command)
        found = measured(path, chosen.model, chosen)
        divergences[row.label] = found["mean_kl"]
        beside = row if row.beside in divergences else Row(row.label, row.target, row.command)
        print(line(beside, made, found, divergences), flush=True)


if __name__ == "__main__":
    main()
