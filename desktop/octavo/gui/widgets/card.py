"""Frames that group things: cards, tiles with an icon, lines between them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QLayout, QVBoxLayout, QWidget

from octavo.gui.theme.icons import pixmap
from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.label import restyle

Item = QWidget | QLayout | None


def fill(layout: QBoxLayout, *items: Item) -> None:
    """Add widgets and layouts in order; None is a stretch."""
    for each in items:
        if each is None:
            layout.addStretch(1)
        elif isinstance(each, QLayout):
            layout.addLayout(each)
        else:
            layout.addWidget(each)


def row(*items: Item, gap: int = 8, margins: tuple[int, int, int, int] = (0, 0, 0, 0)) -> QHBoxLayout:
    """Items from left to right; None is a stretch."""
    layout = QHBoxLayout()
    layout.setContentsMargins(*margins)
    layout.setSpacing(gap)
    fill(layout, *items)
    return layout


def column(*items: Item, gap: int = 4, margins: tuple[int, int, int, int] = (0, 0, 0, 0)) -> QVBoxLayout:
    """Items from top to bottom; None is a stretch."""
    layout = QVBoxLayout()
    layout.setContentsMargins(*margins)
    layout.setSpacing(gap)
    fill(layout, *items)
    return layout


class Card(QFrame):
    """A frame of one of the style sheet's kinds with a layout, ``body``."""

    def __init__(
        self, *items: Item, kind: str = "plain", padding: int = 16, gap: int = 8, across: bool = False
    ) -> None:
        super().__init__()
        self.setProperty("card", kind)
        self.body: QBoxLayout = QHBoxLayout(self) if across else QVBoxLayout(self)
        self.body.setContentsMargins(padding, padding, padding, padding)
        self.body.setSpacing(gap)
        fill(self.body, *items)


class Line(QFrame):
    """A hairline between two parts."""

    def __init__(self, *, upright: bool = False) -> None:
        super().__init__()
        self.setObjectName("line")
        if upright:
            self.setFixedWidth(1)
        else:
            self.setFixedHeight(1)


class Icon(QLabel):
    """A tinted icon that follows the theme."""

    def __init__(self, icon_name: str, tone: str = "text2", size: int = 18) -> None:
        super().__init__()
        self._icon_name, self._tone, self._size = icon_name, tone, size
        self._look = ("", "")
        self.setFixedSize(size, size)

    def show_icon(self, icon_name: str, tone: str) -> None:
        """Show another icon or tone."""
        self._icon_name, self._tone = icon_name, tone
        self._draw()

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Polish, QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._draw()
        return super().event(event)

    def _draw(self) -> None:
        ink = colour(self._tone)
        look = (self._icon_name, ink.name())
        if look != self._look:  # a change of theme asks three times
            self._look = look
            self.setPixmap(pixmap(self._icon_name, ink, self._size))


class Tile(QFrame):
    """A rounded square with an icon, as it stands before a name."""

    def __init__(self, icon_name: str, side: int = 40, icon_pixels: int = 20, tone: str = "") -> None:
        super().__init__()
        self.setProperty("card", "tile")
        self.setFixedSize(side, side)
        self._icon_name = icon_name
        self._icon = Icon(icon_name, size=icon_pixels)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignCenter)
        self.show_tone(tone)

    def show_tone(self, tone: str) -> None:
        """``accent``, ``danger``, ``large`` (the empty page) or nothing."""
        ink = {"accent": "accent_ink", "large": "accent_ink", "danger": "danger"}.get(tone, "text2")
        self.setProperty("tone", tone)
        self._icon.show_icon(self._icon_name, ink)
        restyle(self)

    def show_icon(self, icon_name: str, tone: str = "") -> None:
        """Show another icon and tone."""
        self._icon_name = icon_name
        self.show_tone(tone)
