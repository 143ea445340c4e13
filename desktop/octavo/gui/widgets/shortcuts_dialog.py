"""What the keyboard can do, in one list."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QDialog, QGridLayout, QWidget

from octavo.gui.theme.fonts import BODY, READING, SEMIBOLD, SMALL, font
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import column, row
from octavo.gui.widgets.label import Label

SHORTCUTS = (
    (
        "Everywhere",
        (
            ("Ctrl+1, Ctrl+2, …", "The pages, from top to bottom"),
            ("Ctrl+O", "Open a model file"),
            ("Ctrl+Shift+O", "Open a model folder"),
            ("Ctrl+N", "New chat"),
            ("Ctrl+Q", "Quit"),
            ("Ctrl+/ or F1", "This list"),
        ),
    ),
    (
        "Chat",
        (
            ("Enter", "Send the message"),
            ("Shift+Enter", "New line"),
            ("Esc", "Stop the answer; leave search or editing"),
            ("Up, in an empty field", "Edit your last message"),
            ("Page Up, Page Down", "Scroll the conversation"),
            ("Ctrl+R", "Answer again"),
            ("Ctrl+Shift+C", "Copy the last answer"),
            ("Ctrl+F", "Find in this chat"),
            ("F3, Shift+F3", "Next and previous place"),
            ("Ctrl+Shift+F", "Search all chats"),
            ("Ctrl+Shift+A", "Attach a text file"),
            ("Ctrl+,", "Options of this chat"),
            ("F2", "Rename this chat"),
        ),
    ),
    (
        "Compare",
        (
            ("Enter", "Ask both models"),
            ("Esc", "Stop"),
            ("Alt+Left, Alt+Down, Alt+Right", "Vote for the left one, a tie, the right one"),
        ),
    ),
)


def show_shortcuts(parent: QWidget) -> None:
    """Open the list over ``parent``, and in its dress."""
    dialog = ShortcutsDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()


class ShortcutsDialog(QDialog):
    """The list of ``SHORTCUTS``."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        parts = column(gap=16, margins=(24, 20, 24, 20))
        measure = QFontMetrics(font(SMALL, code=True)).horizontalAdvance
        widest = max(measure(key) for _, keys in SHORTCUTS for key, _ in keys)
        for name, keys in SHORTCUTS:
            table = QGridLayout()
            table.setColumnMinimumWidth(0, widest)  # one column through all tables
            table.setHorizontalSpacing(24)
            table.setVerticalSpacing(6)
            table.setColumnStretch(1, 1)
            for line, (key, what) in enumerate(keys):
                table.addWidget(Label(key, SMALL, code=True, tone="text2"), line, 0)
                table.addWidget(Label(what, BODY), line, 1)
            parts.addWidget(Label(name, READING, SEMIBOLD))
            parts.addLayout(table)
        close = Button("Close", "secondary", height=32, size=SMALL)
        parts.addLayout(row(None, close))
        self.setLayout(parts)
        close.clicked.connect(self.accept)
