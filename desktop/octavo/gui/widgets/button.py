"""A push button of one of the theme's kinds, with an icon that follows the theme."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QPushButton

from octavo.gui.theme.fonts import BODY, MEDIUM, SEMIBOLD, font
from octavo.gui.theme.icons import icon, icon_size
from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.label import restyle

HEIGHT = 34

_ICON_TONES = {"primary": "accent_text", "secondary": "text", "danger": "danger", "link": "accent_ink"}


class Button(QPushButton):
    """A button.

    Parameters
    ----------
    text : str
        What it does; may be empty where the icon says it.
    kind : str
        ``primary`` (one per view), ``secondary``, ``ghost``, ``danger``, ``link``, ``navigation``, ``tab``,
        ``segment``, ``entry`` or ``chip``.
    icon_name : str
        A Lucide icon, or empty.
    name : str
        What screen readers say; by default the text.
    """

    def __init__(
        self,
        text: str = "",
        kind: str = "secondary",
        icon_name: str = "",
        *,
        name: str = "",
        height: int = HEIGHT,
        size: int = BODY,
        weight: QFont.Weight | None = None,
        icon_pixels: int = 16,
    ) -> None:
        super().__init__()
        self._icon_name = icon_name
        self._icon_pixels = icon_pixels
        self._look = ("", "", "")
        self.setProperty("kind", kind)
        self.setProperty("bare", not text and bool(icon_name))
        self.setFont(font(size, weight or (SEMIBOLD if kind == "primary" else MEDIUM)))
        self.setFixedHeight(height)
        if not text and icon_name:
            self.setFixedWidth(max(height, 32))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        # A ring on every mouse click would be noise; the Tab key shows where the keyboard is.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAutoDefault(False)
        self.show_text(text, name)
        self.toggled.connect(self._draw_icon)

    def show_text(self, text: str, name: str = "") -> None:
        """Show another text."""
        self.setText(f" {text}" if text and self._icon_name else text)
        self.setAccessibleName(name or text)
        if not text and name:
            self.setToolTip(name)

    def show_icon(self, icon_name: str) -> None:
        """Show another icon."""
        self._icon_name = icon_name
        self._draw_icon()

    def show_kind(self, kind: str) -> None:
        """Look like a button of another kind."""
        if kind != self.property("kind"):
            self.setProperty("kind", kind)
            restyle(self)
            self._draw_icon()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._draw_icon()

    def _draw_icon(self) -> None:
        if not self._icon_name:
            return
        tone = _ICON_TONES.get(self.property("kind"), "accent_ink" if self.isChecked() else "text2")
        ink, disabled = colour(tone), colour("text3")
        look = (self._icon_name, ink.name(), disabled.name())
        if look == self._look:  # a change of theme asks three times
            return
        self._look = look
        self.setIcon(icon(self._icon_name, ink, self._icon_pixels, disabled))
        self.setIconSize(icon_size(self._icon_pixels))

    def event(self, event: QEvent) -> bool:
        # Icons are drawn when the button is first shown, not when the page is built.
        if event.type() == QEvent.Type.Polish:
            self._draw_icon()
        return super().event(event)
