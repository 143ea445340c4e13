"""Keeps what people write from becoming control tokens (``trust.md`` T4).

Where the text of a control token stands in a message, its first character is replaced by a noncharacter
(U+FDD0..U+FDEF, which Unicode reserves for a program's own use). So a template may cut, strip and join the message as
it likes; when the rendered prompt is cut at its control tokens, only those of the template are there. Then
the character is put back, and the stretch is encoded as plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from octavo.engine.errors import OctavoError

_SPARE = [chr(code) for code in range(0xFDD0, 0xFDF0)]


class InertMarks:
    """Replaces and restores the first characters of control tokens' texts.

    Parameters
    ----------
    control_texts : iterable of str
        The control tokens' texts that must not work.
    other_texts : sequence of str
        Everything that goes into the prompt: a noncharacter that stands there is not used.
    """

    def __init__(self, control_texts: Iterable[str], other_texts: Sequence[str]) -> None:
        texts = sorted(set(control_texts), key=len, reverse=True)
        firsts = sorted({text[0] for text in texts})
        spare = [each for each in _SPARE if not any(each in text for text in other_texts)]
        if len(spare) < len(firsts):
            raise OctavoError("The message holds too many characters that Unicode reserves.", "Remove them.")
        self._mark = dict(zip(firsts, spare, strict=False))
        self._restore = str.maketrans({mark: first for first, mark in self._mark.items()})
        # A look ahead finds overlapping texts too.
        self._pattern = (
            re.compile("(?=" + "|".join(map(re.escape, texts)) + ").", re.DOTALL) if texts else None
        )

    def hide(self, text: str) -> str:
        """``text`` without any control token's text in it."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: self._mark[match[0]], text)

    def show(self, text: str) -> str:
        """What ``hide`` was given."""
        return text.translate(self._restore)
