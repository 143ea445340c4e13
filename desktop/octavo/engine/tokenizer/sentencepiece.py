"""SentencePiece's BPE: neighbouring pieces merge, best score first, until no merge makes a token.

The order is llama.cpp's (``src/llama-vocab.cpp``, ``llm_tokenizer_spm``) and SentencePiece's
(``bpe_model.cc``): the highest score, among equals the leftmost. Characters that are no token become bytes.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence

from octavo.engine.tokenizer.vocabulary import BLANK

_REMEMBERED_LENGTH = 24
_REMEMBERED_WORDS = 65_536

_Offer = tuple[float, int, int, int]
"""Minus the score, the left symbol, the right one, and the length of both together."""


class SentencePieceEncoder:
    """Tokenizes by scores.

    Parameters
    ----------
    ids : dict
        Token text to token id, without control, unknown and byte tokens.
    scores : sequence of float
        By token id.
    byte_ids : sequence of int or None
        The token of each byte; None where the vocabulary has none.
    unknown_id : int or None
        Stands for a byte without token.
    adds_blank : bool
        Whether each stretch of text starts with a blank.
    """

    def __init__(
        self,
        ids: dict[str, int],
        scores: Sequence[float],
        byte_ids: Sequence[int | None],
        unknown_id: int | None,
        *,
        adds_blank: bool,
    ) -> None:
        self._ids = ids
        self._scores = scores
        self._byte_ids = byte_ids
        self._unknown_id = unknown_id
        self._adds_blank = adds_blank
        self._word_start = _word_start(ids)
        self._known: dict[str, list[int]] = {}

    def encode(self, text: str, at_start: bool) -> list[int]:
        """The ids of one stretch of text; where it stands makes no difference."""
        if not text:
            return []
        blank = " " if self._adds_blank else ""
        out: list[int] = []
        for word in self._word_start.split((blank + text).replace(" ", BLANK)):
            found = self._known.get(word)
            if found is None:
                found = self._merge(word)
                if len(word) <= _REMEMBERED_LENGTH and len(self._known) < _REMEMBERED_WORDS:
                    self._known[word] = found
            out += found
        return out

    def _merge(self, word: str) -> list[int]:
        symbols = list(word)
        after = [*range(1, len(symbols)), -1]
        before = list(range(-1, len(symbols) - 1))
        offers: list[_Offer] = []
        for left in range(len(symbols) - 1):
            self._offer(offers, symbols, left, left + 1)
        while offers:
            _, left, right, length = heapq.heappop(offers)
            # A symbol that was merged since then is longer, or empty: the offer is void.
            if not symbols[left] or not symbols[right] or len(symbols[left]) + len(symbols[right]) != length:
                continue
            symbols[left] += symbols[right]
            symbols[right] = ""
            after[left] = after[right]
            if after[right] >= 0:
                before[after[right]] = left
                self._offer(offers, symbols, left, after[left])
            if before[left] >= 0:
                self._offer(offers, symbols, before[left], left)
        out: list[int] = []
        for symbol in filter(None, symbols):
            token = self._ids.get(symbol)
            if token is None:
                out += self._bytes(symbol)
            else:
                out.append(token)
        return out

    def _offer(self, offers: list[_Offer], symbols: list[str], left: int, right: int) -> None:
        both = symbols[left] + symbols[right]
        token = self._ids.get(both)
        if token is not None:
            heapq.heappush(offers, (-self._scores[token], left, right, len(both)))

    def _bytes(self, character: str) -> list[int]:
        found = (self._byte_ids[byte] for byte in character.encode())
        tokens = (self._unknown_id if token is None else token for token in found)
        return [token for token in tokens if token is not None]


def _word_start(ids: dict[str, int]) -> re.Pattern[str]:
    """Where text may be cut without changing the ids: before a blank that no token glues to what precedes it."""
    glue = {text[at - 1] for text in ids for at in _later_blanks(text)}
    before = f"(?<=[^{re.escape(''.join(sorted(glue)))}])" if glue else "(?<=.)"
    return re.compile(f"{before}(?={BLANK})", re.DOTALL)


def _later_blanks(text: str) -> list[int]:
    if BLANK not in text:
        return []
    return [at for at, character in enumerate(text) if at and character == BLANK]
