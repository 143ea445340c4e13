"""Text from a model or a file, made harmless before it is shown.

Control characters and terminal sequences (ECMA-48) go; characters that hide or turn text around are shown
by their number; a letter carries at most eight combining marks.
"""

from __future__ import annotations

import re
import unicodedata

MARKS_PER_LETTER = 8
LONGEST_SEQUENCE = 256

_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]{0,100}[ -/]{0,10}[@-~]|[\]PX^_][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|[ -/]{0,10}[0-Z\\^-~])"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Turn the direction of text, take no room, or are tags that nobody sees. U+200C and U+200D stay: Persian,
# Indic scripts and emoji need them.
_HIDDEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u061c\u180e\U000e0000-\U000e007f]")
_MARK = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0e31-\u0e4e"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)


def clean(text: str) -> str:
    """``text`` without what could harm or deceive."""
    cleaner = TextCleaner()
    return cleaner.feed(text) + cleaner.flush()


class TextCleaner:
    """Cleans text that arrives in pieces; the pieces' borders make no difference."""

    def __init__(self) -> None:
        self._held = ""
        self._n_marks = 0

    def feed(self, text: str) -> str:
        """The clean form of what has arrived, less a sequence that is not whole yet."""
        text = self._held + text
        self._held = ""
        start = text.rfind("\x1b")
        if start >= 0 and len(text) - start < LONGEST_SEQUENCE and not _SEQUENCE.match(text, start):
            text, self._held = text[:start], text[start:]
        return self._cleaned(text)

    def flush(self) -> str:
        """The clean form of what was held back."""
        text, self._held = self._held, ""
        return self._cleaned(text)

    def _cleaned(self, text: str) -> str:
        text = _CONTROL.sub("", _SEQUENCE.sub("", text))
        text = _HIDDEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)
        if _MARK.search(text):
            return self._with_few_marks(text)
        if text:
            self._n_marks = 0
        return text

    def _with_few_marks(self, text: str) -> str:
        kept = []
        for letter in text:
            is_mark = unicodedata.combining(letter) or _MARK.match(letter)
            self._n_marks = self._n_marks + 1 if is_mark else 0
            if self._n_marks <= MARKS_PER_LETTER:
                kept.append(letter)
        return "".join(kept)
