"""Inter for words and JetBrains Mono for code, both shipped (SIL Open Font License)."""

from __future__ import annotations

from importlib.resources import files

from PySide6.QtCore import QByteArray
from PySide6.QtGui import QFont, QFontDatabase

WORDS = "Inter"
CODE = "JetBrains Mono"

TINY, SMALL, BODY, READING, TITLE, HEADING = 11, 12, 13, 14, 16, 22

REGULAR = QFont.Weight.Normal
MEDIUM = QFont.Weight.Medium
SEMIBOLD = QFont.Weight.DemiBold


def load_fonts() -> None:
    """Make the shipped fonts known to Qt."""
    for each in sorted((files("octavo_resources") / "fonts").iterdir(), key=lambda item: item.name):
        if each.name.endswith((".otf", ".ttf")):
            QFontDatabase.addApplicationFontFromData(QByteArray(each.read_bytes()))


def font(size: int = BODY, weight: QFont.Weight = REGULAR, *, code: bool = False) -> QFont:
    """A font of ``size`` pixels (scaled by the screen's ratio), without ligatures if it shows code."""
    made = QFont(CODE if code else WORDS)
    made.setPixelSize(size)
    made.setWeight(weight)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    if code:
        made.setStyleHint(QFont.StyleHint.Monospace)
        # Ligatures would change the shape of `//` and `!=`.
        for feature in ("calt", "liga"):
            made.setFeature(QFont.Tag(feature), 0)
    return made
