"""How fast 4-bit folders are read and answered, beside Q4_K_M of the same weights.

With ``--random``, the weights are noise in the shape of TinyLlama-1.1B, with the tokenizer of the given folder: speed
depends on the shape alone::

    python tests/benchmarks/awq_speed.py MODEL-FOLDER --keep FOLDER
    python tests/benchmarks/awq_speed.py MODEL-FOLDER --keep FOLDER-1.1B --random

Each ``octavo bench`` is a process of its own, in turns; the medians are printed as Markdown. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

OCTAVO = (sys.executable, "-m", "octavo")
NEAREST = [part for each in ("scales", "clips", "feedback") for part in ("--set", f"{each}=false")]
KINDS = {
    "AWQ folder": ("folder", ["--to", "AWQ", *NEAREST]),
    "compressed-tensors": ("compressed", ["--to", "AWQ", "--set", "output=compressed-tensors", *NEAREST]),
    "Q4_K_M": ("plain.gguf", ["--to", "Q4_K_M", "--set", "mode=quick"]),
    "Q4_0": ("q4_0.gguf", ["--to", "Q4_0", "--set", "mode=quick"]),
}
LAYERS, WIDTH, FFN_WIDTH, HEADS, KV_HEADS = 22, 2048, 5632, 32, 4


def shapes(vocabulary: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Name every tensor of the random model with its shape."""
    kv_width = WIDTH // HEADS * KV_HEADS
    yield "model.embed_tokens.weight", (vocabulary, WIDTH)
    yield "model.norm.weight", (WIDTH,)
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}."
        yield prefix + "input_layernorm.weight", (WIDTH,)
        yield prefix + "post_attention_layernorm.weight", (WIDTH,)
        yield prefix + "self_attn.q_proj.weight", (WIDTH, WIDTH)
        yield prefix + "self_attn.k_proj.weight", (kv_width, WIDTH)
        yield prefix + "self_attn.v_proj.weight", (kv_width, WIDTH)
        yield prefix + "self_attn.o_proj.weight", (WIDTH, WIDTH)
        yield prefix + "mlp.gate_proj.weight", (FFN_WIDTH, WIDTH)
        yield prefix + "mlp.up_proj.weight", (FFN_WIDTH, WIDTH)
        yield prefix + "mlp.down_proj.weight", (WIDTH, FFN_WIDTH)


def write_random(source: Path, target: Path) -> None:
    """Write a folder of noise in F16 beside the tokenizer of another one."""
    target.mkdir(parents=True)
    for each in source.iterdir():
        if each.suffix in (".json", ".jinja", ".txt", ".model") and not each.name.endswith(".index.json"):
            shutil.copyfile(each, target / each.name)
    config = json.loads((source / "config.json").read_text())
    config |= {"hidden_size": WIDTH, "intermediate_size": FFN_WIDTH, "num_hidden_layers": LAYERS}
    config |= {"num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "head_dim": WIDTH // HEADS}
    (target / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": True}))
    header: dict[str, Any] = {}
    offset = 0
    for name, shape in shapes(config["vocab_size"]):
        n_bytes = 2 * int(np.prod(shape))
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [offset, offset + n_bytes]}
        offset += n_bytes
    text = json.dumps(header).encode()
    random = np.random.default_rng(0)
    with (target / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, shape in shapes(config["vocab_size"]):
            noise = random.standard_normal(shape, np.float32) * 0.02 if len(shape) > 1 else np.ones(shape)
            file.write(np.asarray(noise, np.float16).tobytes())


def bench(path: Path, chosen: argparse.Namespace) -> tuple[float, float, int]:
    """Tokens read and written a second, and bytes read for a token written."""
    command = [*OCTAVO, "bench", str(path), "--prompt-tokens", "512", "--generate-tokens", "64"]
    command += ["--repeat", "1", "--threads", str(chosen.threads), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found = json.loads(done.stdout)
    return (
        found["prefill_tokens_per_second"],
        found["decode_tokens_per_second"],
        found["bytes_per_token"],
    )


def main() -> None:
    """Make what is missing, and time it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--random", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--turns", type=int, default=5)
    chosen = parser.parse_args()
    chosen.keep.mkdir(parents=True, exist_ok=True)
    model = chosen.model
    if chosen.random:
        model = chosen.keep / "f16"
        if not model.exists():
            write_random(chosen.model, model)
    for target, settings in KINDS.values():
        path = chosen.keep / target
        if not path.exists():
            command = [*OCTAVO, "convert", str(model), *settings, "-o", str(path), "--no-proof"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    runs: dict[str, list[tuple[float, float, int]]] = {name: [] for name in KINDS}
    for _ in range(chosen.turns):
        for name, (target, _) in KINDS.items():
            runs[name].append(bench(chosen.keep / target, chosen))
    print("| Type | Read, tokens/s | Written, tokens/s (lowest to highest) | MB a token | GB/s |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, found in runs.items():
        read, written = (statistics.median(each[n] for each in found) for n in (0, 1))
        span = f"{min(each[1] for each in found):.1f} to {max(each[1] for each in found):.1f}"
        n_bytes = found[0][2]
        speed = f"{written * n_bytes / 1e9:.1f}"
        print(f"| {name} | {read:.0f} | {written:.1f} ({span}) | {n_bytes / 1e6:.0f} | {speed} |")


if __name__ == "__main__":
    main()
