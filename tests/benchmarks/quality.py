"""The README's table of quality: every quantizer, ours beside llama-quantize's, on texts of several kinds.

One model at a time; the reference's answers are kept, so each further row costs one reading of the text::

    python tests/benchmarks/quality.py MODEL-F16.gguf --name SmolLM2-135M --llama-quantize BUILD/bin/llama-quantize \\
        --imatrix MODEL.imatrix.gguf --text off-domain=evaluation.txt --text in-domain=calibration-like.txt \\
        --output quality.json

Writes a JSON file and prints the table in Markdown. A row that cannot be made is named with its reason. What stands in
the JSON file already is not measured again: a run that was stopped goes on, and several models may share a file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OURS = ("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "AWQ")
THEIRS = ("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M")
# AWQ is always calibrated; what differs is where it goes.
AWQ = {
    "folder": "Octavo, AutoAWQ folder",
    "compressed-tensors": "Octavo, compressed-tensors",
    "gguf": "Octavo, folded into Q4_K_M",
}
ROUNDED = {
    "folder": "to nearest, AutoAWQ folder",
    "compressed-tensors": "to nearest, compressed-tensors",
}


@dataclass(frozen=True)
class Row:
    """One way to make a file: what to measure, and with which arguments of ``octavo measure``."""

    quantizer: str
    maker: str
    arguments: tuple[str, ...]


def rows(model: Path, chosen: argparse.Namespace, folder: Path) -> Iterator[tuple[Row, Path | None]]:
    """Ours as they would be made; theirs, with the file to be made first."""
    for name in OURS:
        if name not in chosen.quantizer:
            continue
        as_name = (str(model), "--as", name)
        if name == "AWQ":
            for output, maker in AWQ.items():
                yield Row(name, maker, (*as_name, "--set", f"output={output}")), None
            for output, maker in ROUNDED.items():
                nearest = (f"output={output}", "scales=false", "clips=false", "feedback=false")
                yield (
                    Row(name, maker, (*as_name, *(part for each in nearest for part in ("--set", each)))),
                    None,
                )
            continue
        yield Row(name, "Octavo quick", (*as_name, "--set", "mode=quick")), None
        yield Row(name, "Octavo best", (*as_name, "--set", "mode=best")), None
        if chosen.llama_quantize is None or name not in THEIRS:
            continue
        for matrix in (None, chosen.imatrix) if chosen.imatrix else (None,):
            path = folder / f"{name}{'-imatrix' if matrix else ''}.gguf"
            maker = "llama-quantize --imatrix" if matrix else "llama-quantize"
            yield Row(name, maker, (str(path), "--reference", str(model))), path


def make_theirs(row: Row, path: Path, chosen: argparse.Namespace) -> None:
    """Have llama-quantize write the file of a row."""
    matrix = ["--imatrix", chosen.imatrix] if "imatrix" in row.maker else []
    command = [chosen.llama_quantize, *matrix, chosen.model, path, row.quantizer]
    subprocess.run([str(each) for each in command], check=True, capture_output=True)


def measured(row: Row, text: Path, tokens: int) -> dict[str, Any]:
    """What ``octavo measure`` says, or why it says nothing."""
    command = [sys.executable, "-m", "octavo", "measure", *row.arguments]
    command += ["--text", str(text), "--tokens", str(tokens), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"refused": done.stderr.strip()}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def table(results: Sequence[dict[str, Any]]) -> str:
    """The rows as Markdown; intervals are of 95 %."""
    lines = [
        "| Model | Text | Type | Made by | Bytes | Mean KL | Same first choice | Perplexity ratio |",
        "| --- | --- | --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for each in results:
        if "refused" in each:
            continue
        cells = (
            each["name"],
            each["kind"],
            each["quantizer"],
            each["maker"],
            f"{each['file_bytes']:,}",
            _with_interval(each, "mean_kl", 1, 4),
            _with_interval(each, "same_top_1", 100, 1) + " %",
            _with_interval(each, "perplexity_ratio", 1, 3),
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _with_interval(found: dict[str, Any], key: str, factor: float, digits: int) -> str:
    low, high = found[f"{key}_ci95"]
    value, low, high = (f"{factor * each:.{digits}f}" for each in (found[key], low, high))
    return f"{value} ({low} to {high})"


def main() -> None:
    """Measure every row on every text."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--name", default="")
    parser.add_argument("--llama-quantize", type=Path)
    parser.add_argument("--imatrix", type=Path)
    parser.add_argument("--text", action="append", required=True, metavar="KIND=FILE")
    parser.add_argument("--tokens", type=int, default=8192)
    parser.add_argument("--quantizer", nargs="+", default=list(OURS))
    parser.add_argument("--output", type=Path, required=True)
    chosen = parser.parse_args()
    name = chosen.name or chosen.model.stem
    results: list[dict[str, Any]] = json.loads(chosen.output.read_text()) if chosen.output.exists() else []
    known = {_key(each) for each in results if "refused" not in each}
    results = [each for each in results if _key(each) in known]
    with tempfile.TemporaryDirectory() as folder:
        for row, path in rows(chosen.model, chosen, Path(folder)):
            texts = [(kind, Path(text)) for kind, _, text in (each.partition("=") for each in chosen.text)]
            texts = [each for each in texts if (name, each[0], row.quantizer, row.maker) not in known]
            if path is not None and texts:
                make_theirs(row, path, chosen)
            for kind, text in texts:
                found = measured(row, text, chosen.tokens)
                about = {"name": name, "kind": kind, "quantizer": row.quantizer, "maker": row.maker}
                results.append(about | found)
                said = found.get("refused") or f"KL {found['mean_kl']:.5f}"
                print(row.quantizer, row.maker, kind, said, file=sys.stderr, flush=True)
                chosen.output.write_text(json.dumps(results, indent=1) + "\n")
            if path is not None:
                path.unlink(missing_ok=True)
    print(table(results))


def _key(found: dict[str, Any]) -> tuple[str, str, str, str]:
    return found["name"], found["kind"], found["quantizer"], found["maker"]


if __name__ == "__main__":
    main()
