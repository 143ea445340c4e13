"""Octavo's own side of a comparison, driven in the same steps as the peer in ``llama_side.py``."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.inference.session import load_session
from octavo.engine.progress import finish
from octavo.engine.tokenizer.load import load_tokenizer


class OctavoSide:
    """One model in one session.

    Parameters
    ----------
    model : Path
        A GGUF file or a folder with safetensors.
    n_threads, context_tokens : int
        As in ``load_session``.
    """

    def __init__(self, model: Path, n_threads: int, context_tokens: int) -> None:
        self._checkpoint = open_checkpoint(model)
        work = load_session(self._checkpoint, context_tokens=context_tokens, n_threads=n_threads)
        self._session = finish(work)
        self.n_vocabulary = self._checkpoint.hyperparameters.n_vocabulary
        self._token = 0

    def about(self) -> str:
        """Name the version and the tier of the kernels."""
        return f"octavo {version('octavo')}: {self._session.tier}"

    def clear(self) -> None:
        """Forget every token."""
        self._session.truncate(0)

    def cut(self, n_tokens: int) -> bool:
        """Keep the first ``n_tokens`` of the cache; whether a sliding window still had them."""
        return self._session.truncate(n_tokens) == n_tokens

    def prefill(self, ids: Sequence[int]) -> None:
        """Append ``ids`` to the cache; logits are made for the last one alone."""
        finish(self._session.prefill(ids))

    def decode(self, n_tokens: int) -> None:
        """Append ``n_tokens`` one by one, each the likeliest after the one before it."""
        for _ in range(n_tokens):
            self._token = int(self._session.step(self._token).argmax())

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return float32[tokens, vocabulary] for ``ids`` in an empty context."""
        return finish(self._session.logits(ids))

    def tokenize(self, text: str) -> list[int]:
        """Encode ``text``; no BOS is added and no control token is parsed."""
        return load_tokenizer(self._checkpoint).encode(text)

    def close(self) -> None:
        """End the session's threads and close the file."""
        self._session.close()
        self._checkpoint.close()
