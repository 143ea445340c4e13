"""llama.cpp's own figures for the same files beside ours: weights, cache and buffers, as its log tells them.

    python tests/benchmarks/fit_llama.py MODEL... --python PYTHON_WITH_LLAMA_CPP --contexts 512 4096

Ours for other programs are those of ``estimate.graphics``: weights as they lie in the file, a cache of the layers'
positions, and the logits of a batch as the buffer to compute in.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.estimate.graphics import graphics_fit
from octavo.engine.estimate.memory import estimate_memory
from octavo.engine.hardware.pools import MemoryPool

_LOAD = """
import sys
from llama_cpp import Llama
Llama(sys.argv[1], n_ctx=int(sys.argv[2]), n_batch=512, n_ubatch=512, n_gpu_layers=0, verbose=True)
"""
_SIZE = re.compile(r"(model|KV|compute|output) +buffer size = +([\d.]+) MiB")


@dataclass(frozen=True)
class Row:
    """One file and context; bytes."""

    model: str
    context_tokens: int
    their_weights: int
    their_cache: int
    their_buffers: int
    our_weights: int
    our_cache: int
    our_buffers: int
    octavo_weights: int
    octavo_cache: int
    octavo_working: int


def compared(path: Path, context_tokens: int, python: str) -> Row:
    """Load a file in llama.cpp, and price it as we do."""
    command = [python, "-c", _LOAD, str(path), str(context_tokens)]
    log = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    theirs = {"model": 0, "KV": 0, "compute": 0, "output": 0}
    for kind, size in _SIZE.findall(log):
        theirs[kind] += int(float(size) * (1 << 20))
    with contextlib.closing(open_checkpoint(path)) as checkpoint:
        card = checkpoint.card
    own = estimate_memory(card, None, context_tokens=context_tokens, n_threads=2)
    weights = sum(each.n_bytes for each in card.tensors)
    all_of_it = graphics_fit(
        card, None, MemoryPool("Card", "vram", 1 << 50, 1 << 50), context_tokens=context_tokens
    )
    buffers = (
        4 * min(512, context_tokens) * (card.hyperparameters.n_vocabulary + card.hyperparameters.n_embedding)
    )
    untied = sum(each.n_bytes for each in card.tensors if each.name == "token_embd.weight")
    has_output = any(each.name == "output.weight" for each in card.tensors)
    driver = 400_000_000
    cache = all_of_it.total_bytes - driver - buffers - weights + (untied if has_output else 0)
    return Row(
        model=path.stem,
        context_tokens=context_tokens,
        their_weights=theirs["model"],
        their_cache=theirs["KV"],
        their_buffers=theirs["compute"] + theirs["output"],
        our_weights=weights,
        our_cache=cache,
        our_buffers=buffers,
        octavo_weights=own.weights_bytes,
        octavo_cache=own.kv_bytes,
        octavo_working=own.working_bytes,
    )


def table(rows: list[Row]) -> str:
    """Markdown; MB are millions of bytes."""
    lines = [
        "| model | context | llama.cpp's weights | estimated | cache | estimated | buffers | estimated "
        "| Octavo's weights | cache | working |",
        "| --- " + "| --: " * 10 + "|",
    ]
    for row in rows:
        sizes = (
            *(row.their_weights, row.our_weights, row.their_cache, row.our_cache),
            *(row.their_buffers, row.our_buffers),
            *(row.octavo_weights, row.octavo_cache, row.octavo_working),
        )
        cells = " | ".join(f"{each / 1e6:.1f}" for each in sizes)
        lines.append(f"| {row.model} | {row.context_tokens} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    """Compare all and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--python", required=True)
    parser.add_argument("--contexts", nargs="+", type=int, default=[512, 4096])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = [
        compared(path, context, options.python) for path in options.models for context in options.contexts
    ]
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
