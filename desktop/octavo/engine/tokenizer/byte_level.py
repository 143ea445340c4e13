"""Byte-level BPE: text as UTF-8 bytes, each byte spelled as one visible character.

GPT-2 (``encoder.py``, ``bytes_to_unicode``) keeps the printable characters of Latin-1 and moves the other 68
bytes, in order, to the characters from U+0100 on; so a blank is written U+0120.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from octavo.engine.tokenizer.guard import library_errors
from octavo.engine.tokenizer.pretokenizers import Splitting

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library

_PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_MOVED = [byte for byte in range(0x100) if byte not in _PRINTABLE]
BYTE_OF = {chr(byte): byte for byte in _PRINTABLE} | {chr(0x100 + n): byte for n, byte in enumerate(_MOVED)}


def to_bytes(text: str) -> bytes:
    """The bytes that a token's text spells; characters outside the alphabet stand for themselves."""
    try:
        return bytes([BYTE_OF[character] for character in text])
    except KeyError:
        return b"".join(bytes([BYTE_OF[c]]) if c in BYTE_OF else c.encode() for c in text)


class ByteLevelEncoder:
    """Splits text by a model's regular expressions, then merges each piece by rank.

    Parameters
    ----------
    ids : dict
        Token text to token id, without the control tokens.
    merges : sequence of (left, right)
        Best first.
    splitting : Splitting
        How the model cuts text into pieces.
    """

    def __init__(self, ids: dict[str, int], merges: Sequence[tuple[str, str]], splitting: Splitting) -> None:
        with library_errors("The model's vocabulary and merges do not fit together."):
            self._library = _library(ids, merges, splitting)

    def encode(self, text: str, at_start: bool) -> list[int]:
        """The ids of ``text``; where it stands makes no difference."""
        with library_errors("The tokenizer could not read this text."):
            return self._library.encode(text, add_special_tokens=False).ids


def _library(ids: dict[str, int], merges: Sequence[tuple[str, str]], splitting: Splitting) -> Library:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    # A merge with a part, or a result, that is no token can never happen; the library would refuse it.
    sound = [(a, b) for a, b in merges if a in ids and b in ids and a + b in ids]
    model = models.BPE(vocab=ids, merges=sound, ignore_merges=splitting.ignore_merges)
    library = Tokenizer(model)
    if splitting.composes:
        library.normalizer = normalizers.NFC()
    library.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in splitting.patterns]
        + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    return library
