"""A conversation in the terminal: asked and answered until the input ends."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from octavo.cli.output import print_line, print_note
from octavo.engine.errors import OctavoError

if TYPE_CHECKING:
    from octavo.cli.kept_chat import KeptChat
    from octavo.cli.speaker import Speaker

_HELP = 'Ctrl-C stops an answer, Ctrl-D ends. /new begins anew; """ begins and ends a text of several lines.'
_NEW = "/new"
_QUOTES = '"""'


def converse(speaker: Speaker, kept: KeptChat, begin: Callable[[], KeptChat]) -> None:
    """Ask and answer until standard input ends; what cannot be answered is told, and the next question may come.

    Parameters
    ----------
    kept : KeptChat
        The conversation to go on with.
    begin : callable
        Another one, from the beginning.
    """
    for question in _questions():
        if question.strip() == _NEW:
            _tell_number(kept)
            kept = begin()
            continue
        with _told():
            speaker.answer(kept, question)
    _tell_number(kept)


def continue_each(speaker: Speaker) -> None:
    """Continue each text as it is, until standard input ends."""
    for text in _questions():
        with _told():
            speaker.continue_raw(text)


def _questions() -> Iterator[str]:
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  # gives input() a history and keys for editing

    print_note(_HELP)
    while True:
        try:
            text = input("> ")
            if text.lstrip().startswith(_QUOTES):
                text = _several_lines(text.lstrip().removeprefix(_QUOTES))
        except EOFError:
            print_line()
            return
        except KeyboardInterrupt:
            print_line()
            continue
        if text.strip():
            yield text


def _several_lines(text: str) -> str:
    """Read on until the closing quotes."""
    lines = [text]
    while not lines[-1].rstrip().endswith(_QUOTES):
        lines.append(input("... "))
    lines[-1] = lines[-1].rstrip().removesuffix(_QUOTES)
    return "\n".join(lines).strip("\n")


def _tell_number(kept: KeptChat) -> None:
    if kept.number is not None:
        print_note(f"Kept as chat {kept.number}; --chat {kept.number} goes on with it.")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What cannot be answered is a sentence; the conversation goes on."""
    try:
        yield
    except OctavoError as error:
        print_note(f"octavo: {error}")
