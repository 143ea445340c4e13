"""``octavo logits``: what a model thinks of every next token of a given text."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Annotated

import typer

from octavo.cli import figures, progress
from octavo.cli.options import AsJson, Model, Threads, model_path
from octavo.cli.output import print_facts, print_json
from octavo.cli.room import require_room
from octavo.engine.errors import OctavoError
from octavo.engine.folders import expanded

_MAX_IDS_BYTES = 64_000_000
# These numbers are compared with those of other programs: nothing is rounded that need not be.
_KV_TYPE = "f32"

Ids = Annotated[
    Path, typer.Option("--ids", metavar="FILE", help="Token ids separated by blanks or line feeds.")
]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="OUT.npy", help="The NumPy file to write.")]


def logits(model: Model, ids: Ids, output: Output, threads: Threads = 0, as_json: AsJson = False) -> None:
    """Write the logits after each of the given tokens, float32 of tokens by vocabulary, as a NumPy file."""
    import numpy as np

    from octavo.engine.checkpoint.open import open_checkpoint
    from octavo.engine.inference.session import load_session
    from octavo.store.atomic import whole_file

    started = time.perf_counter()
    output = expanded(output)
    if not output.absolute().parent.is_dir():
        raise OctavoError(f"There is no folder {output.parent}.", "Create it first, or choose another one.")
    with contextlib.closing(open_checkpoint(model_path(model))) as checkpoint:
        tokens = read_ids(expanded(ids), checkpoint.hyperparameters.n_vocabulary)
        require_room(
            checkpoint.card,
            context_tokens=len(tokens),
            kv_type=_KV_TYPE,
            threads=threads,
            extra_bytes=4 * len(tokens) * checkpoint.hyperparameters.n_vocabulary,
        )
        work = load_session(checkpoint, context_tokens=len(tokens), kv_type=_KV_TYPE, n_threads=threads)
        with contextlib.closing(progress.run(work, "Loading")) as session:
            values = progress.run(session.logits(tokens), "Reading")
    with whole_file(output) as file:
        # As np.save does, which cannot write to a pipe, and names no reason where the disk is full.
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(values))
        file.write(values.data)
    seconds = time.perf_counter() - started
    n_tokens, n_vocabulary = values.shape
    if as_json:
        print_json(
            {"output": str(output), "tokens": n_tokens, "vocabulary": n_vocabulary, "seconds": seconds}
        )
        return
    shape = f"float32[{figures.count(n_tokens)}, {figures.count(n_vocabulary)}]"
    print_facts([("Written", f"{output}"), ("Holds", shape), ("Time", figures.seconds(seconds))])


def read_ids(path: Path, n_vocabulary: int) -> list[int]:
    """The token ids in a text file, each checked against the vocabulary."""
    if path.stat().st_size > _MAX_IDS_BYTES:
        raise OctavoError(f"{path.name} is too long to hold token ids.")
    words = path.read_bytes().split()
    if not words:
        raise OctavoError(f"{path.name} holds no token ids.", "Write them with octavo tokenize MODEL.")
    return [_id(word, n_vocabulary, path) for word in words]


def _id(word: bytes, n_vocabulary: int, path: Path) -> int:
    if not word.isdigit():
        shown = word[:20].decode("ascii", "backslashreplace")
        raise OctavoError(f"{path.name} holds {shown!r}, which is no token id.")
    token = int(word[:20])
    if token >= n_vocabulary:
        raise OctavoError(f"{path.name} holds the token id {token}; the model has {n_vocabulary} tokens.")
    return token
