"""A sentence about what has just been done, with one thing to do about it: mostly to undo it."""

from __future__ import annotations

from collections.abc import Callable

from octavo.gui.theme.fonts import SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, Icon
from octavo.gui.widgets.label import Label


class NoticeBar(Card):
    """One line; it stays until the next thing happens, or is closed."""

    def __init__(self) -> None:
        super().__init__(padding=0, gap=10, across=True)
        self.body.setContentsMargins(14, 6, 6, 6)
        self._text = Label("", SMALL, elide=True)
        self._do: Callable[[], object] | None = None
        self.action = Button("", "link", height=30, size=SMALL)
        close = Button("", "ghost", "x", name="Dismiss", height=28, icon_pixels=14)
        self.body.addWidget(Icon("info", size=16))
        self.body.addWidget(self._text, 1)
        self.body.addWidget(self.action)
        self.body.addWidget(close)
        self.action.clicked.connect(self._act)
        close.clicked.connect(self.hide)
        self.hide()

    def tell(self, text: str, action: str = "", act: Callable[[], object] | None = None) -> None:
        """Show a sentence, with a button if there is an action."""
        self._do = act
        self._text.show_text(text)
        self.action.show_text(action)
        self.action.setVisible(bool(action))
        self.setAccessibleName(text)
        self.show()

    @property
    def text(self) -> str:
        """What it says."""
        return "" if self.isHidden() else self.accessibleName()

    def _act(self) -> None:
        self.hide()
        act, self._do = self._do, None
        if act is not None:
            act()
