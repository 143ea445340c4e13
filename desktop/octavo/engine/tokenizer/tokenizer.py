"""The tokenizer that the rest of the engine sees, whatever file it was built from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from octavo.engine.errors import OctavoError
from octavo.engine.tokenizer.added import AddedTokens
from octavo.engine.tokenizer.detokenizer import Detokenizer
from octavo.engine.tokenizer.renderer import Renderer
from octavo.engine.tokenizer.vocabulary import CONTROL, UNKNOWN, Vocabulary


class Encoder(Protocol):
    """The part that turns a stretch of plain text into ids."""

    def encode(self, text: str, at_start: bool) -> list[int]:
        """The ids of ``text``; ``at_start`` says whether nothing stands before it."""


@dataclass(frozen=True)
class Specials:
    """What a model says about its special tokens.

    Parameters
    ----------
    bos_id, eos_id : int or None
        Begin and end of text.
    adds_bos : bool
        Whether a prompt must start with BOS.
    stop_ids : frozenset of int
        Tokens that end a reply.
    """

    bos_id: int | None = None
    eos_id: int | None = None
    adds_bos: bool = False
    stop_ids: frozenset[int] = frozenset()


class Tokenizer:
    """Text to token ids and back.

    Parameters
    ----------
    vocabulary : Vocabulary
    encoder : Encoder
    specials : Specials
    always : AddedTokens
        Tokens found in any text (user-defined ones).
    if_special : AddedTokens
        Those and the control tokens, found only with ``special=True``.
    drops_first_blank : bool
        Whether decoding takes away the blank that encoding put first.
    problems : sequence of str
        What is odd, one sentence each.

    Attributes
    ----------
    renderer : Renderer
        Where the model's chat template runs; it lives as long as the tokenizer does.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        encoder: Encoder,
        specials: Specials,
        *,
        always: AddedTokens,
        if_special: AddedTokens,
        drops_first_blank: bool = False,
        problems: Sequence[str] = (),
    ) -> None:
        self.vocabulary = vocabulary
        self.bos_id = specials.bos_id
        self.eos_id = specials.eos_id
        self.add_bos = specials.adds_bos and specials.bos_id is not None
        self.stop_ids = specials.stop_ids
        self.problems = list(problems)
        self.renderer = Renderer()
        self.control_ids = frozenset(vocabulary.ids_of(CONTROL, UNKNOWN))
        self._encoder = encoder
        self._always = always
        self._if_special = if_special
        self._drops_first_blank = drops_first_blank

    @property
    def n_vocabulary(self) -> int:
        """Tokens in all."""
        return len(self.vocabulary)

    def encode(self, text: str, *, special: bool = False) -> list[int]:
        """The ids of ``text``, without BOS or EOS.

        Control tokens' texts (``<|im_end|>``) are recognized only if ``special``; else they are plain text,
        and no id of a control token comes out.
        """
        _check_characters(text)
        return self.encode_parts(self._if_special.split(text) if special else [text])

    def raw_ids(self, prompt: str) -> list[int]:
        """The ids of a prompt that is written out in full: special tokens count, and BOS is added if it is wanted."""
        ids = self.encode(prompt, special=True)
        return (
            [self.bos_id, *ids]
            if self.add_bos and self.bos_id is not None and ids[:1] != [self.bos_id]
            else ids
        )

    def encode_parts(self, parts: Sequence[str | int]) -> list[int]:
        """The ids of a text that is already cut: ids stay, stretches are plain text."""
        found: list[int] = []
        is_start = True
        for part in parts:
            for each in [part] if isinstance(part, int) else self._always.split(part):
                if isinstance(each, int):
                    found.append(each)
                else:
                    found += self._plain(each, at_start=is_start)
                is_start = False
        return found

    def special_parts(self, text: str) -> list[str | int]:
        """``text`` cut at its special tokens: ids, and stretches that hold none."""
        _check_characters(text)
        return self._if_special.split(text)

    def special_texts(self, text: str) -> list[str]:
        """The texts of the control tokens that occur in ``text``, longest first."""
        return [each for each, token in self._if_special.present(text) if token in self.control_ids]

    def decode(self, ids: Iterable[int], *, special: bool = False) -> str:
        """The text of ``ids``; control tokens are left out unless ``special``."""
        stream = self.stream(special=special)
        return "".join(map(stream.push, ids)) + stream.flush()

    def stream(self, *, special: bool = False) -> Detokenizer:
        """A new decoder that takes one token at a time."""
        return Detokenizer(
            self._shown_piece if special else self._plain_piece,
            drops_first_blank=self._drops_first_blank,
        )

    def token_text(self, token: int) -> str:
        """A token's text as a person should see it: blanks as blanks, unfinished characters as U+FFFD."""
        return self._shown_piece(token).decode(errors="replace")

    def _shown_piece(self, token: int) -> bytes:
        if not 0 <= token < len(self.vocabulary):
            raise OctavoError(f"There is no token {token}: the model has {len(self.vocabulary)}.")
        return self.vocabulary.piece(token)

    def _plain_piece(self, token: int) -> bytes:
        return b"" if token in self.control_ids else self._shown_piece(token)

    def _plain(self, text: str, *, at_start: bool) -> list[int]:
        ids = self._encoder.encode(text, at_start)
        if self.control_ids.isdisjoint(ids):
            return ids
        # Merges that spell a control token by accident: take its text apart.
        return [each for token in ids for each in self._without_control(token)]

    def _without_control(self, token: int) -> list[int]:
        text = self.vocabulary.texts[token]
        if token not in self.control_ids:
            return [token]
        if len(text) < 2:
            return []
        return self._plain(text[:1], at_start=False) + self._plain(text[1:], at_start=False)


def _check_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise OctavoError(
            f"The text holds half a character (U+{ord(text[error.start]):04X}) at position {error.start}.",
            "Remove it, or copy the text again.",
        ) from error
