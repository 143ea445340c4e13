"""A block of code: its language, a button that copies it, and the code in colours."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import (
    QBrush,
    QGuiApplication,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from octavo.gui.markdown.highlight import spans
from octavo.gui.markdown.pieces import Code
from octavo.gui.theme.fonts import BODY, MEDIUM, SMALL, font
from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, Line, row
from octavo.gui.widgets.label import Label

LINE_HEIGHT = 150
SCROLL_BAR = 12
HEAD = 34
LEFT, ABOVE, RIGHT = 16, 10, 12
# Text that happens to be marked as code wraps.
WRAPPED = ("markdown", "md")


class CodeView(QTextEdit):
    """Read-only code that does not wrap; it scrolls sideways only."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setAcceptRichText(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(font(BODY, code=True))
        self.setLineWrapMode(QTextEdit.LineWrapMode.NoWrap)
        self.setWordWrapMode(QTextOption.WrapMode.NoWrap)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setAccessibleName("Code")
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.setStyleSheet("QTextEdit { background: transparent; border: none; }")

    def wheelEvent(self, event: QWheelEvent) -> None:
        if abs(event.angleDelta().x()) > abs(event.angleDelta().y()):
            super().wheelEvent(event)
        else:
            event.ignore()

    def wrap(self, wraps: bool) -> None:
        """Wrap long lines, or scroll sideways."""
        modes = QTextEdit.LineWrapMode
        wanted = modes.FixedPixelWidth if wraps else modes.NoWrap
        if self.lineWrapMode() != wanted:
            self.setLineWrapMode(wanted)
            rules = QTextOption.WrapMode
            self.setWordWrapMode(rules.WrapAtWordBoundaryOrAnywhere if wraps else rules.NoWrap)

    def fit(self, width: int) -> int:
        """The height of the code at ``width`` pixels, pixels."""
        wraps = self.lineWrapMode() != QTextEdit.LineWrapMode.NoWrap
        if wraps and self.lineWrapColumnOrWidth() != width:
            self.setLineWrapColumnOrWidth(width)
        return math.ceil(self.document().size().height()) + SCROLL_BAR


class CodeCard(Card):
    """A code block of an answer."""

    def __init__(self) -> None:
        super().__init__(kind="code", padding=0, gap=0)
        self._code = Code("")
        self._language = Label("", SMALL, MEDIUM, "text2")
        self._copy = Button("Copy", "ghost", "copy", height=26, size=SMALL, name="Copy code")
        self.view = CodeView()
        self._head = QWidget()
        self._head.setFixedHeight(HEAD)
        self._head.setLayout(row(self._language, None, self._copy, margins=(14, 4, 6, 4)))
        self.body.addWidget(self._head)
        self.body.addWidget(Line())
        self.body.addLayout(row(self.view, margins=(LEFT, ABOVE, RIGHT, 0)), 1)
        self._copy.clicked.connect(self.copy_code)
        # Taking code apart takes as long as all else of an answer: it is on view before.
        self._colouring = QTimer(self, singleShot=True, interval=0)
        self._colouring.timeout.connect(self._colour)

    def show_code(self, code: Code, *, is_closed: bool) -> None:
        """Show ``code``; it is coloured once nothing more is added to it."""
        old, self._code = self._code, code
        self._language.show_text(code.language or "text")
        self._copy.show_text("Copy", "Copy code")
        self.view.wrap(code.language.lower() in WRAPPED)
        if code.text != old.text or not self.view.document().characterCount() > 1:
            self._write(old.text if code.text.startswith(old.text) else "", code.text)
        if is_closed:
            self._colouring.start()

    def fit(self, width: int) -> int:
        """The height of the card at ``width`` pixels, pixels; two for the frame, one for the line."""
        return HEAD + ABOVE + self.view.fit(width - LEFT - RIGHT - 2) + 3

    def redraw(self) -> None:
        """Colour the code again, for a new theme."""
        self._write("", self._code.text)
        self._colouring.start()

    def _write(self, old: str, new: str) -> None:
        cursor = QTextCursor(self.view.document())
        cursor.beginEditBlock()
        if not old:
            cursor.select(QTextCursor.SelectionType.Document)
            cursor.removeSelectedText()
        block = QTextBlockFormat()
        block.setLineHeight(LINE_HEIGHT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        plain = QTextCharFormat()
        plain.setForeground(QBrush(colour("text")))
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.setBlockFormat(block)
        cursor.insertText(new[len(old) :], plain)
        cursor.endEditBlock()
        if not old:
            # The view's own cursor went to the end with the text, and the view would follow it.
            self.view.moveCursor(QTextCursor.MoveOperation.Start)

    def _colour(self) -> None:
        cursor = QTextCursor(self.view.document())
        cursor.beginEditBlock()
        style = QTextCharFormat()
        for span in spans(self._code.text, self._code.language):
            style.setForeground(QBrush(colour(span.token)))
            cursor.setPosition(span.start)
            cursor.setPosition(span.start + span.length, QTextCursor.MoveMode.KeepAnchor)
            cursor.mergeCharFormat(style)
        cursor.endEditBlock()

    def copy_code(self) -> None:
        """Put the code on the clipboard."""
        QGuiApplication.clipboard().setText(self._code.text)
        self._copy.show_text("Copied", "Copied")
