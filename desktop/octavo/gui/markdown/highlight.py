"""Colours for code, by Pygments' tokens; the language is the one that the fence names, never guessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.token import _TokenType

MAX_LINES = 300


@dataclass(frozen=True)
class Span:
    """A stretch of code of one colour token."""

    start: int
    length: int
    token: str


def spans(code: str, language: str) -> list[Span]:
    """The coloured stretches of ``code``; none for a language that nobody knows or for very long code."""
    if not language or code.count("\n") >= MAX_LINES:
        return []
    from pygments.lexers import get_lexer_by_name
    from pygments.token import Comment, Keyword, Name, Number, Operator, String
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return []
    colours = (
        (Comment, "code_comment"),
        (Keyword, "code_keyword"),
        (Operator.Word, "code_keyword"),
        (String, "code_string"),
        (Number, "code_number"),
        (Name.Function, "code_name"),
        (Name.Class, "code_name"),
        (Name.Decorator, "code_name"),
        (Name.Tag, "code_name"),
    )
    found = []
    for start, kind, text in lexer.get_tokens_unprocessed(code):
        token = next((colour for family, colour in colours if _is_of(kind, family)), "")
        if token:
            found.append(Span(start, len(text), token))
    return found


def _is_of(kind: _TokenType, family: _TokenType) -> bool:
    """Whether ``kind`` is ``family`` or stands below it."""
    return kind[: len(family)] == family


def warm_up() -> None:
    """Import what the first highlighting would otherwise wait for; call it while nobody waits."""
    spans("pass", "python")
