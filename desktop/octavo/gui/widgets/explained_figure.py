"""Figures that say how they were worked out, and can be copied with one click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QFocusEvent, QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QSizePolicy, QWidget

from octavo.gui.theme.fonts import READING, SEMIBOLD, SMALL, TINY
from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.card import column
from octavo.gui.widgets.label import Label

RADIUS = 7
COPIED_MS = 1200
HINT = "Point at a figure to read how it was worked out; click it to copy it."


@dataclass(frozen=True)
class Figure:
    """A figure with its name, a note on how good it is, and how it was worked out."""

    name: str
    value: str
    note: str = ""
    explanation: str = ""

    @property
    def said(self) -> str:
        """On one line."""
        return f"{self.name}: {self.value}" + (f" ({self.note})" if self.note else "")

    @property
    def text(self) -> str:
        """With its explanation, for the clipboard."""
        return "\n".join(each for each in (self.said, self.explanation) if each)


class ExplainedFigure(QAbstractButton):
    """One figure; ``pointed`` tells that the mouse or the keyboard is at it, or has left it."""

    pointed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.figure = Figure("", "")
        self._name = Label("", SMALL, tone="text2", elide=True)
        self._value = Label("", READING, SEMIBOLD, elide=True)
        self._note = Label("", TINY, tone="text3", elide=True)
        self.setLayout(column(self._name, self._value, self._note, gap=1, margins=(8, 6, 8, 6)))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._copied = QTimer(self, singleShot=True, interval=COPIED_MS)
        self._copied.timeout.connect(self._show_note)
        self.clicked.connect(self._copy)
        for each in (self._name, self._value, self._note):
            each.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_figure(self, figure: Figure) -> None:
        """Show another figure."""
        if figure == self.figure:
            return
        self.figure = figure
        self._name.show_text(figure.name)
        self._value.show_text(figure.value)
        if not self._copied.isActive():
            self._show_note()
        self.setAccessibleName(figure.said)
        self.setAccessibleDescription(f"{figure.explanation} Press to copy.".strip())
        if self.underMouse() or self.hasFocus():
            self.pointed.emit(figure.explanation)

    def sizeHint(self) -> QSize:
        layout = self.layout()
        return layout.sizeHint() if layout is not None else super().sizeHint()

    def minimumSizeHint(self) -> QSize:
        return QSize(72, self.sizeHint().height())

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.pointed.emit(self.figure.explanation)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointed.emit("")

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.pointed.emit(self.figure.explanation)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.pointed.emit("")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        if self.underMouse() or self.isDown():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("hover"))
            painter.drawRoundedRect(shape, RADIUS, RADIUS)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colour("accent"), 1.5))
            painter.drawRoundedRect(shape, RADIUS, RADIUS)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.figure.text)
        self._note.show_text("Copied")
        self._copied.start()

    def _show_note(self) -> None:
        self._note.show_text(self.figure.note)


class FigureGrid(QWidget):
    """Figures in columns, with a line below that explains the one pointed at."""

    N_LINES = 3

    def __init__(self, n_columns: int, hint: str = HINT) -> None:
        super().__init__()
        self._n_columns, self._hint = n_columns, hint
        self._figures: list[ExplainedFigure] = []
        self._heading = ""
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(4)
        self._grid.setVerticalSpacing(2)
        for each in range(n_columns):
            self._grid.setColumnStretch(each, 1)
        self._explanation = Label(hint, SMALL, tone="text2", wrap=True)
        self._explanation.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._explanation.setMinimumHeight(self.N_LINES * self._explanation.fontMetrics().lineSpacing())
        self._explanation.setContentsMargins(8, 0, 8, 0)
        self.setLayout(column(self._grid, self._explanation, gap=8))

    @property
    def figures(self) -> list[Figure]:
        """Those on view."""
        return [each.figure for each in self._figures if not each.isHidden()]

    def show_figures(self, figures: Sequence[Figure], heading: str = "") -> None:
        """Show these; the heading is copied with all of them."""
        self._heading = heading
        while len(self._figures) < len(figures):
            self._add()
        for number, shown in enumerate(self._figures):
            if number < len(figures):
                shown.show_figure(figures[number])
            shown.setVisible(number < len(figures))

    def prepare(self, n_figures: int) -> None:
        """Make a place more, hidden, before it is wanted; up to ``n_figures``."""
        if len(self._figures) < n_figures:
            self._add().hide()

    def copy_all(self) -> None:
        """Put all figures with their explanations into the clipboard."""
        parts = [self._heading, *(each.text for each in self.figures)]
        QGuiApplication.clipboard().setText("\n\n".join(filter(None, parts)))

    def _add(self) -> ExplainedFigure:
        place = len(self._figures)
        made = ExplainedFigure()
        made.pointed.connect(self._explain)
        self._grid.addWidget(made, place // self._n_columns, place % self._n_columns)
        self._figures.append(made)
        return made

    def _explain(self, explanation: str) -> None:
        self._explanation.show_text(explanation or self._hint)
