"""Dress the application: Fusion, a palette and a style sheet, all from the token table."""

from __future__ import annotations

import re
from importlib.resources import files

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from octavo.gui.theme.fonts import font
from octavo.gui.theme.tokens import DARK, LIGHT, Tokens, palette


def tokens_for(choice: str) -> Tokens:
    """The table for ``light``, ``dark`` or ``system``; a system that does not say is taken as light."""
    if choice == "system":
        scheme = QGuiApplication.styleHints().colorScheme()
        return DARK if scheme == Qt.ColorScheme.Dark else LIGHT
    return DARK if choice == "dark" else LIGHT


def style_sheet(tokens: Tokens) -> str:
    """The shipped style sheet with every ``@token`` replaced by its colour."""
    text = (files("octavo_resources") / "theme" / "window.qss").read_text("utf-8")
    return re.sub(r"@([a-z][a-z0-9_]*)", lambda found: str(getattr(tokens, found[1])), text)


def apply_theme(application: QApplication, choice: str) -> str:
    """Give the application the style and palette of ``choice`` (``light``, ``dark`` or ``system``).

    Returns
    -------
    str
        The style sheet, for each part of a window: one for the whole application would cost three times as
        much, and all of it at once.
    """
    tokens = tokens_for(choice)
    if application.style().name() != "fusion":
        application.setStyle("Fusion")
    application.setFont(font())
    application.setPalette(palette(tokens))
    return style_sheet(tokens)
