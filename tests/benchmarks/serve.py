"""One side of a comparison in a process of its own: loads once, then answers commands on a pipe.

Each side needs its own interpreter (the peer lives in an environment of its own), and both must stay loaded
while they take turns. One command and one answer are one line of JSON each; see ``child.py`` for the other end.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Side(Protocol):
    """What both sides can do; see ``llama_side.py`` for the meanings."""

    n_vocabulary: int

    def about(self) -> str: ...
    def clear(self) -> None: ...
    def cut(self, n_tokens: int) -> bool: ...
    def prefill(self, ids: Sequence[int]) -> None: ...
    def decode(self, n_tokens: int) -> None: ...
    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]: ...
    def tokenize(self, text: str) -> list[int]: ...
    def close(self) -> None: ...


Answer = dict[str, object]


def open_side(name: str, model: Path, n_threads: int, context_tokens: int) -> Side:
    """Load ``model`` with the engine of that name; each is imported in its own interpreter alone."""
    if name == "llama.cpp":
        from llama_side import LlamaSide

        return LlamaSide(model, n_threads, context_tokens)
    from octavo_side import OctavoSide

    return OctavoSide(model, n_threads, context_tokens)


def prompt_ids(n_tokens: int, n_vocabulary: int) -> list[int]:
    """Make up a prompt: ids spread over the vocabulary, the same for both sides."""
    return [(index * 7919 + 1000) % n_vocabulary for index in range(n_tokens)]


def seconds(action: Callable[[], None]) -> float:
    """Time one action."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


class Commands:
    """The commands by name; every one returns what the answer holds."""

    def __init__(self, side: Side, load_seconds: float) -> None:
        self._side = side
        self._load_seconds = load_seconds
        self._depth = 0

    def about(self) -> Answer:
        """Tell the build and what loading took."""
        return {"about": self._side.about(), "load_seconds": self._load_seconds}

    def fill(self, depth: int) -> Answer:
        """Bring the cache to ``depth`` tokens, untimed, for the decodes that follow."""
        self._side.clear()
        self._depth = depth
        if depth:
            self._side.prefill(prompt_ids(depth, self._side.n_vocabulary))
        return {}

    def decode(self, tokens: int) -> Answer:
        """Time ``tokens`` single steps from the depth last filled."""
        taken = seconds(lambda: self._side.decode(tokens))
        if not self._side.cut(self._depth):
            self.fill(self._depth)
        return {"seconds": taken}

    def prefill(self, tokens: int) -> Answer:
        """Time a prompt of ``tokens`` in an empty cache."""
        self._side.clear()
        self._depth = 0
        ids = prompt_ids(tokens, self._side.n_vocabulary)
        return {"seconds": seconds(lambda: self._side.prefill(ids))}

    def tokenize(self, text: str) -> Answer:
        """Encode a text."""
        return {"ids": self._side.tokenize(text)}

    def logits(self, ids: list[int], output: str) -> Answer:
        """Save float32[tokens, vocabulary] for ``ids`` as a .npy file."""
        np.save(output, self._side.logits(ids))
        return {}

    def close(self) -> Answer:
        """Free everything; tell the most memory that was resident."""
        self._side.close()
        return {"peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


def main() -> None:
    """Load, then answer until the pipe closes; the libraries' own prints go to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    name, model, n_threads, context_tokens = sys.argv[1:5]
    start = time.perf_counter()
    side = open_side(name, Path(model), int(n_threads), int(context_tokens))
    commands = Commands(side, time.perf_counter() - start)
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(commands, request.pop("do"))(**request)
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main()
