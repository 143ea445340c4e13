"""Compare Octavo's logits with another's: llama.cpp on the same file, or a saved reference.

On real text, cut into pieces that are each read in a fresh context::

    python tests/benchmarks/agreement.py text MODEL.gguf --peer-python PEER/bin/python --text eval.txt

On checkpoints with the logits that transformers gave (``reference.npz``: ids, logits)::

    python tests/benchmarks/agreement.py reference FOLDER ...

What a KV cache in q8_0 costs against one in f16, on real text::

    python tests/benchmarks/agreement.py cache MODEL.gguf --text eval.txt
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from child import Child, children
from numpy.typing import NDArray


@dataclass(frozen=True)
class Agreement:
    """How near two models' answers are, over all positions.

    Parameters
    ----------
    mean_kl, max_kl : float
        KL divergence of ours from theirs, nats.
    same_top_1 : float
        Share of positions with the same likeliest token.
    perplexity, peer_perplexity : float
        Of the text that was read.
    max_difference : float
        Largest absolute difference of two logits.
    """

    positions: int
    mean_kl: float
    max_kl: float
    same_top_1: float
    perplexity: float
    peer_perplexity: float
    perplexity_ratio: float
    max_difference: float


def log_probabilities(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return float64[tokens, vocabulary]: the logarithm of the softmax of each row."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def compare(
    pieces: Sequence[Sequence[int]],
    ours: Sequence[NDArray[np.float32]],
    theirs: Sequence[NDArray[np.float32]],
) -> Agreement:
    """Put the logits of all pieces together; a piece's last token predicts nothing that was read."""
    divergences, same, loss, peer_loss, largest = [], [], [], [], []
    for ids, our_logits, peer_logits in zip(pieces, ours, theirs, strict=True):
        our_log, peer_log = log_probabilities(our_logits), log_probabilities(peer_logits)
        divergences.append((np.exp(peer_log) * (peer_log - our_log)).sum(axis=1))
        same.append(our_logits.argmax(axis=1) == peer_logits.argmax(axis=1))
        position = np.arange(len(ids) - 1)
        loss.append(-our_log[position, ids[1:]])
        peer_loss.append(-peer_log[position, ids[1:]])
        largest.append(np.abs(our_logits - peer_logits).max())
    divergence = np.concatenate(divergences)
    perplexity = float(np.exp(np.concatenate(loss).mean()))
    peer_perplexity = float(np.exp(np.concatenate(peer_loss).mean()))
    return Agreement(
        positions=len(divergence),
        mean_kl=float(divergence.mean()),
        max_kl=float(divergence.max()),
        same_top_1=float(np.concatenate(same).mean()),
        perplexity=perplexity,
        peer_perplexity=peer_perplexity,
        perplexity_ratio=perplexity / peer_perplexity,
        max_difference=float(np.max(largest)),
    )


def logits(side: Child, pieces: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
    """Ask one side for float32[tokens, vocabulary] of every piece."""
    answers = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "logits.npy"
        for ids in pieces:
            side.ask("logits", ids=list(ids), output=str(path))
            answers.append(np.load(path))
    return answers


def compare_on_text(model: Path, arguments: argparse.Namespace) -> Agreement:
    """Read the text's first tokens on both sides; the peer's tokens are the ones that both read."""
    text = arguments.text.read_text(encoding="utf-8")[: arguments.tokens * 20]
    pythons = {"octavo": arguments.octavo_python, "llama.cpp": arguments.peer_python}
    with children(pythons, model, arguments.threads, arguments.piece) as (octavo, other):
        ids = other.ask("tokenize", text=text)["ids"][: arguments.tokens]
        pieces = [ids[start : start + arguments.piece] for start in range(0, len(ids), arguments.piece)]
        return compare(pieces, logits(octavo, pieces), logits(other, pieces))


def compare_with_reference(folder: Path, arguments: argparse.Namespace) -> Agreement:
    """Read the reference's ids and compare with its logits."""
    with np.load(folder / "reference.npz") as reference:
        ids = reference["ids"].reshape(-1).tolist()
        expected = reference["logits"].reshape(len(ids), -1)
    pythons = {"octavo": arguments.octavo_python}
    with children(pythons, folder, arguments.threads, len(ids)) as (octavo,):
        return compare([ids], logits(octavo, [ids]), [expected])


def compare_caches(model: Path, arguments: argparse.Namespace) -> Agreement:
    """Read the text with a cache in q8_0 and with one in f16."""
    from octavo.engine.checkpoint.open import open_checkpoint
    from octavo.engine.inference.session import load_session
    from octavo.engine.progress import finish
    from octavo.engine.tokenizer.load import load_tokenizer

    checkpoint = open_checkpoint(model)
    text = arguments.text.read_text(encoding="utf-8")[: arguments.tokens * 20]
    ids = load_tokenizer(checkpoint).encode(text)[: arguments.tokens]
    sides = []
    for kv_type in ("q8_0", "f16"):
        session = finish(load_session(checkpoint, context_tokens=len(ids), kv_type=kv_type))
        sides.append([finish(session.logits(ids))])
        session.close()
    return compare([ids], *sides)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--octavo-python", default=sys.executable, help="the interpreter that has octavo")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures there")
    ways = parser.add_subparsers(dest="way", required=True)
    text = ways.add_parser("text", help="against llama.cpp on real text")
    text.add_argument("models", nargs="+", type=Path)
    text.add_argument("--peer-python", required=True, help="the interpreter that has llama_cpp")
    text.add_argument("--text", type=Path, required=True)
    text.add_argument("--tokens", type=int, default=512)
    text.add_argument("--piece", type=int, default=512, help="tokens that are read in one context")
    reference = ways.add_parser("reference", help="against reference.npz in a checkpoint's folder")
    reference.add_argument("models", nargs="+", type=Path)
    cache = ways.add_parser("cache", help="q8_0 against f16")
    cache.add_argument("models", nargs="+", type=Path)
    cache.add_argument("--text", type=Path, required=True)
    cache.add_argument("--tokens", type=int, default=1024)
    return parser.parse_args()


def main() -> None:
    """Compare every model and print one line of figures each."""
    arguments = parse()
    results = {}
    for model in arguments.models:
        way = {"text": compare_on_text, "reference": compare_with_reference, "cache": compare_caches}
        agreement = way[arguments.way](model, arguments)
        results[model.name] = asdict(agreement)
        figures = ", ".join(f"{name} {value:.6g}" for name, value in results[model.name].items())
        print(f"{model.name}: {figures}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
