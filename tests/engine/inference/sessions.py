"""Sessions over tiny checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.inference.session import Session, load_session
from octavo.engine.progress import finish


@contextmanager
def session_of(path: Path, **options: object) -> Iterator[Session]:
    """A session, closed at the end, its file too."""
    checkpoint = open_checkpoint(path)
    try:
        session = finish(load_session(checkpoint, **{"n_threads": 1, **options}))
        try:
            yield session
        finally:
            session.close()
    finally:
        checkpoint.close()


def some_ids(n: int, n_vocabulary: int, seed: int = 0) -> list[int]:
    """Random token ids."""
    return np.random.default_rng(seed).integers(0, n_vocabulary, n).tolist()


def stepped(session: Session, ids: list[int]) -> npt.NDArray[np.float32]:
    """The logits after each of ``ids``, read one by one after what the session holds."""
    return np.array([session.step(token).copy() for token in ids])


def after(session: Session, ids: list[int]) -> npt.NDArray[np.float32]:
    """The logits after ``ids``, read together after what the session holds."""
    finish(session.prefill(ids))
    return session.logits_row.copy()
