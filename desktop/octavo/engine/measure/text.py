"""The text that models are measured on: the one that comes with Octavo, or anyone's own."""

from __future__ import annotations

import importlib.resources
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from octavo.engine.errors import OctavoError
from octavo.engine.tokenizer.tokenizer import Tokenizer

WINDOW_TOKENS = 512
USUAL_TOKENS = 8192
_FEWEST_WINDOWS = 2  # an interval needs a spread
_MAX_TEXT_BYTES = 64_000_000
_CHARACTERS_PER_TOKEN = 64  # more than any text has


@dataclass(frozen=True)
class Text:
    """A text and what to call it."""

    name: str
    text: str


@dataclass(frozen=True)
class Windows:
    """Equally long stretches of a text as token ids.

    Of each, the first half is context and the rest is scored, as llama.cpp's perplexity tool has it: a model
    is asked only where it has something to go on.
    """

    name: str
    windows: list[list[int]]

    @property
    def window_tokens(self) -> int:
        """Tokens in a window."""
        return len(self.windows[0])


def bundled_text() -> Text:
    """The text that comes with Octavo; its SOURCES file says where it is from."""
    place = importlib.resources.files("octavo_resources") / "text" / "evaluation.txt"
    return Text("Octavo's evaluation text", place.read_text("utf-8"))


def read_text(path: Path) -> Text:
    """A text file of the user's, UTF-8."""
    if not path.is_file():
        raise OctavoError(f"There is no text file {path}.")
    with path.open("rb") as file:
        data = file.read(_MAX_TEXT_BYTES + 1)
    if len(data) > _MAX_TEXT_BYTES:
        raise OctavoError(f"{path.name} is longer than 64 MB.", "Take a part of it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise OctavoError(f"{path.name} is not a text in UTF-8.") from error
    if "\0" in text:  # valid, but no editor writes it
        raise OctavoError(f"{path.name} is not a text.")
    if not text.strip():
        raise OctavoError(f"{path.name} is empty.", "Take a text of some thousand words.")
    return Text(path.name, text)


def text_ids(text: Text, tokenizer: Tokenizer, tokens: int = 0) -> list[int]:
    """The ids of as much of the text as ``tokens`` tokens (0: as many as usual) can need."""
    wanted = tokens or USUAL_TOKENS
    return tokenizer.encode(text.text[: _CHARACTERS_PER_TOKEN * wanted])


def cut_windows(
    name: str,
    ids: Sequence[int],
    *,
    first_id: int | None,
    tokens: int = 0,
    context_length: int = WINDOW_TOKENS,
) -> Windows:
    """Cut a text's ids into windows.

    The cuts are llama.cpp's (``tools/perplexity/perplexity.cpp``): where a model begins its texts with a
    token of its own, the text gets it in front, and in every window it stands in place of the first token.

    Parameters
    ----------
    first_id : int or None
        The token that the model's texts begin with, or None.
    tokens : int
        How much to read; 0 for 8,192 tokens, or all there is of a shorter text.
    context_length : int
        The model's; windows are shorter if it is.

    Raises
    ------
    OctavoError
        The text is too short to say anything.
    """
    size = min(WINDOW_TOKENS, context_length)
    whole = [*([] if first_id is None else [first_id]), *ids]
    n_windows = min(len(whole), tokens or USUAL_TOKENS) // size
    if n_windows < _FEWEST_WINDOWS:
        least = _FEWEST_WINDOWS * size
        if tokens and tokens < least <= len(whole):
            raise OctavoError(f"{tokens:,} tokens are too few to measure.", f"Read {least:,} or more.")
        raise OctavoError(
            f"{name} has {len(ids):,} tokens, too few to measure.",
            f"Take a text of {least:,} tokens or more.",
        )
    windows = [whole[n * size : (n + 1) * size] for n in range(n_windows)]
    if first_id is not None:
        windows = [[first_id, *window[1:]] for window in windows]
    return Windows(name, windows)
