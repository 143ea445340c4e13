"""Fields for numbers, each with its name before it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QLineEdit, QSpinBox, QWidget

from octavo.gui.theme.fonts import SMALL, font
from octavo.gui.widgets.label import Label

WIDTH, HEIGHT = 110, 30
TEXT_MARGIN = 6


def decimal(name: str, low: float, high: float, step: float) -> QDoubleSpinBox:
    """A field for a number with two decimals."""
    field = QDoubleSpinBox()
    field.setRange(low, high)
    field.setSingleStep(step)
    _dress(field, name)
    return field


def whole(name: str, low: int, high: int, lowest_means: str, *, step: int = 1) -> QSpinBox:
    """A field for a whole number; the lowest one is shown as ``lowest_means``."""
    field = QSpinBox()
    field.setRange(low, high)
    field.setSingleStep(step)
    field.setSpecialValueText(lowest_means)
    _dress(field, name)
    return field


def grid(fields: Sequence[QWidget]) -> QGridLayout:
    """The fields below each other, their names at the left."""
    layout = QGridLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setVerticalSpacing(8)
    layout.setColumnStretch(0, 1)
    for line, field in enumerate(fields):
        layout.addWidget(Label(field.accessibleName(), SMALL, tone="text2"), line, 0)
        layout.addWidget(field, line, 1)
    return layout


def _dress(field: QSpinBox | QDoubleSpinBox, name: str) -> None:
    field.setAccessibleName(name)
    field.setFont(font(SMALL))
    field.setFixedSize(WIDTH, HEIGHT)
    for text in field.findChildren(QLineEdit):
        text.setTextMargins(TEXT_MARGIN, 0, TEXT_MARGIN, 0)
