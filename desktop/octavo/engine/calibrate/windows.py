"""A text cut into windows of tokens, taken evenly from all of it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt

from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.errors import OctavoError
from octavo.engine.tokenizer.load import load_tokenizer

WINDOW_TOKENS = 512
N_WINDOWS = 32
MAX_TEXT_BYTES = 8 * 1024 * 1024
_FEWEST_TOKENS = 256


def calibration_text(path: Path | None) -> str:
    """The text of the file, or the one that comes with Octavo.

    Raises
    ------
    OctavoError
        It cannot be read, is too large, or is no text.
    """
    if path is None:
        return files("octavo_resources").joinpath("text", "calibration.txt").read_text(encoding="utf-8")
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_TEXT_BYTES + 1)
        if len(raw) > MAX_TEXT_BYTES:
            raise OctavoError(
                f"The calibration text {path.name} is larger than {MAX_TEXT_BYTES >> 20} MB.",
                "A few hundred kilobytes of varied text are enough.",
            )
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise OctavoError(f"The calibration text {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise OctavoError(f"The calibration text {path.name} is no UTF-8 text.") from error
    if "\0" in text:  # valid, but no editor writes it
        raise OctavoError(f"The calibration text {path.name} is no text.")
    if not text.strip():
        raise OctavoError(f"The calibration text {path.name} is empty.", "Leave it out to use Octavo's own.")
    return text


def window_tokens(checkpoint: Checkpoint) -> int:
    """Tokens of a window: 512, or the model's context where that is shorter."""
    return max(2, min(WINDOW_TOKENS, checkpoint.hyperparameters.context_length))


def calibration_windows(
    checkpoint: Checkpoint, text: str, n_windows: int = N_WINDOWS
) -> npt.NDArray[np.int64]:
    """Windows of the text's tokens, int64[windows, tokens]; each begins as the model's texts begin.

    Raises
    ------
    OctavoError
        The model has no tokenizer, or the text is too short.
    """
    tokenizer = load_tokenizer(checkpoint)
    ids = np.array(tokenizer.encode(text), np.int64)
    begin = [tokenizer.bos_id] if tokenizer.add_bos and tokenizer.bos_id is not None else []
    if len(ids) < _FEWEST_TOKENS:
        raise OctavoError(
            f"The calibration text has only {len(ids)} tokens.",
            "Give it some ten thousand words, or use the text that comes with Octavo.",
        )
    size = min(window_tokens(checkpoint) - len(begin), len(ids))
    n_possible = len(ids) // size
    chosen = np.linspace(0, n_possible - 1, min(n_windows, n_possible)).astype(int)
    return np.stack(
        [np.concatenate([begin, ids[n * size : (n + 1) * size]]).astype(np.int64) for n in chosen]
    )
