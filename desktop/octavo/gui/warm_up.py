"""Imports what the first answer is drawn with, while nobody waits for it."""

from __future__ import annotations

from PySide6.QtCore import QTimer

WARM_UP_GAP_MS = 50


def warm_up() -> None:
    """Import what the first answer is drawn with, while nobody waits for it."""
    from octavo.gui.markdown.parser import parse

    parse("warm *up*")
    QTimer.singleShot(WARM_UP_GAP_MS, _warm_up_lexers)


def _warm_up_lexers() -> None:
    """Pygments in two steps of their own: its modules, then the rules of one language."""
    from octavo.gui.markdown import highlight

    highlight.load_lexers()
    QTimer.singleShot(WARM_UP_GAP_MS, highlight.warm_up)
