"""How a chat answers: system prompt, sampling, length; a small panel that opens over the page."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from octavo.gui.theme.fonts import BODY, READING, SEMIBOLD, SMALL, font
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, row
from octavo.gui.widgets.label import Label

WIDTH = 340
FIELD_HEIGHT = 30
TEXT_MARGIN = 6
ANY_SEED = -1


@dataclass(frozen=True)
class ChatOptions:
    """What the popover holds; ``seed`` -1 is another one each time, ``max_tokens`` 0 is no limit."""

    system_prompt: str = ""
    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    max_tokens: int = 0
    seed: int = ANY_SEED


class SamplingPopover(QWidget):
    """A popup with the options of a chat; ``changed`` comes with every change."""

    changed = Signal()

    def __init__(self, parent: QWidget, options: ChatOptions) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAccessibleName("Chat options")
        card = Card(kind="popover", padding=16, gap=10)
        card.setFixedWidth(WIDTH)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(card)
        self._prompt = QPlainTextEdit()
        self._prompt.setProperty("field", True)
        self._prompt.setFont(font(BODY))
        self._prompt.setFixedHeight(92)
        self._prompt.setTabChangesFocus(True)
        self._prompt.setPlaceholderText("What the model should know and how it should answer")
        self._prompt.setAccessibleName("System prompt")
        self._temperature = _decimal("Temperature", 0.0, 2.0, 0.1)
        self._top_p = _decimal("Top P", 0.0, 1.0, 0.05)
        self._min_p = _decimal("Min P", 0.0, 1.0, 0.01)
        self._top_k = _whole("Top K", 0, 1000, "off")
        self._max_tokens = _whole("Longest answer, tokens", 0, 1_000_000, "no limit")
        self._seed = _whole("Seed", ANY_SEED, 2**31 - 1, "any")
        grid = QGridLayout()
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(0, 1)
        for line, field in enumerate(self._fields()):
            grid.addWidget(Label(field.accessibleName(), SMALL, tone="text2"), line, 0)
            grid.addWidget(field, line, 1)
        reset = Button("Defaults", "ghost", height=28, size=SMALL, name="Back to the default options")
        card.body.addWidget(Label("System prompt", READING, SEMIBOLD))
        card.body.addWidget(self._prompt)
        card.body.addLayout(row(Label("Sampling", READING, SEMIBOLD), None, reset))
        card.body.addLayout(grid)
        self.show_options(options)
        reset.clicked.connect(self._reset)
        self._prompt.textChanged.connect(self.changed)
        for field in self._fields():
            field.valueChanged.connect(self.changed)

    @property
    def options(self) -> ChatOptions:
        """What has been chosen."""
        return ChatOptions(
            self._prompt.toPlainText().strip(),
            round(self._temperature.value(), 3),
            self._top_k.value(),
            round(self._top_p.value(), 3),
            round(self._min_p.value(), 3),
            self._max_tokens.value(),
            self._seed.value(),
        )

    def show_options(self, options: ChatOptions) -> None:
        """Show these options; nobody is told."""
        was_blocked = self.blockSignals(True)
        self._prompt.setPlainText(options.system_prompt)
        self._temperature.setValue(options.temperature)
        self._top_k.setValue(options.top_k)
        self._top_p.setValue(options.top_p)
        self._min_p.setValue(options.min_p)
        self._max_tokens.setValue(options.max_tokens)
        self._seed.setValue(options.seed)
        self.blockSignals(was_blocked)

    def open_above(self, anchor: QWidget, *, focus_prompt: bool = False) -> None:
        """Open with the right edge at that of ``anchor``, below it or above where there is no room."""
        self.adjustSize()
        corner = anchor.mapToGlobal(QPoint(anchor.width() - self.width(), anchor.height() + 4))
        lowest = anchor.window().mapToGlobal(QPoint(0, anchor.window().height())).y()
        if corner.y() + self.height() > lowest:
            corner.setY(anchor.mapToGlobal(QPoint(0, 0)).y() - self.height() - 4)
        leftmost = anchor.window().mapToGlobal(QPoint(8, 0)).x()
        self.move(max(corner.x(), leftmost), corner.y())
        self.show()
        (self._prompt if focus_prompt else self._temperature).setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def _fields(self) -> list[QDoubleSpinBox | QSpinBox]:
        return [self._temperature, self._top_k, self._top_p, self._min_p, self._max_tokens, self._seed]

    def _reset(self) -> None:
        self.show_options(ChatOptions(system_prompt=self.options.system_prompt))
        self.changed.emit()


def _decimal(name: str, low: float, high: float, step: float) -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setRange(low, high)
    field.setSingleStep(step)
    _dress(field, name)
    return field


def _whole(name: str, low: int, high: int, lowest_means: str) -> QSpinBox:
    field = QSpinBox()
    field.setRange(low, high)
    field.setSpecialValueText(lowest_means)
    _dress(field, name)
    return field


def _dress(field: QSpinBox | QDoubleSpinBox, name: str) -> None:
    field.setAccessibleName(name)
    field.setFont(font(SMALL))
    field.setFixedSize(110, FIELD_HEIGHT)
    for text in field.findChildren(QLineEdit):
        text.setTextMargins(TEXT_MARGIN, 0, TEXT_MARGIN, 0)
