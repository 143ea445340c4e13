"""A slider for the context length, with zones that say what fits."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSlider, QWidget

from octavo.gui.theme.fonts import SEMIBOLD, SMALL
from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.card import column, row
from octavo.gui.widgets.label import Label
from octavo.gui.wording import count

STEPS = 200
SHORTEST = 256
ROUND = 256


class Zones(QWidget):
    """Green, amber and red along the slider."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(4)
        self._ends = (1.0, 1.0)

    def show_zones(self, green_end: float, amber_end: float) -> None:
        """Show where green and amber end, as shares of the length."""
        self._ends = (green_end, amber_end)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()), 2, 2)
        painter.setClipPath(shape)
        left = 0.0
        for end, token in (*zip(self._ends, ("ok", "warn"), strict=True), (1.0, "danger")):
            right = end * self.width()
            painter.fillRect(QRectF(left, 0, right - left, self.height()), colour(token))
            left = max(left, right)


class ContextSlider(QWidget):
    """Chooses a number of tokens on a logarithmic scale.

    Parameters
    ----------
    is_plain : bool
        Neither title nor zones.
    has_zones : bool
        Zones say what fits.
    least : int
        The left end, tokens; at 0 the scale begins right beside it.
    """

    chosen = Signal(int)

    def __init__(
        self, name: str, *, is_plain: bool = False, has_zones: bool = True, least: int = SHORTEST
    ) -> None:
        super().__init__()
        self._longest = 8192
        self._least, self._lowest = least or SHORTEST, least
        self._value = Label("", SMALL, SEMIBOLD)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, STEPS)
        self._slider.setPageStep(STEPS // 10)
        self._slider.setAccessibleName(name)
        self._zones = Zones()
        head = row(Label("" if is_plain else name, SMALL, tone="text2"), None, self._value)
        self.setLayout(column(head, self._slider, self._zones, gap=4))
        if is_plain or not has_zones:
            self._zones.hide()
        self._slider.valueChanged.connect(self._tell)

    @property
    def tokens(self) -> int:
        """The chosen context."""
        return self._tokens_at(self._slider.value())

    def show_range(self, longest: int, tokens: int) -> None:
        """Offer contexts up to ``longest`` tokens and stand at ``tokens``; nobody is told."""
        self._longest = max(longest, self._least)
        self._slider.blockSignals(True)
        self._slider.setValue(round(self._share(tokens) * STEPS))
        self._slider.blockSignals(False)
        self._show_value()

    def choose(self, tokens: int) -> None:
        """Move to ``tokens``, at most."""
        self._slider.setValue(math.floor(self._share(tokens) * STEPS))

    def show_zones(self, runs_well: int, fits: int) -> None:
        """Show up to which contexts it runs well, and fits at all."""
        self._zones.show_zones(self._share(runs_well), self._share(fits))

    def _share(self, tokens: int) -> float:
        if tokens < self._least or self._longest <= self._least:
            return 0.0
        if tokens >= self._longest:
            return 1.0
        return math.log(tokens / self._least) / math.log(self._longest / self._least)

    def _tokens_at(self, step: int) -> int:
        if step >= STEPS:
            return self._longest
        if step <= 0:
            return min(self._lowest, self._longest)
        unit = min(ROUND, self._least)
        exact: float = self._least * (self._longest / self._least) ** (step / STEPS)
        return min(max(round(exact / unit) * unit, min(self._least, self._longest)), self._longest)

    def _show_value(self) -> None:
        text = f"{count(self.tokens)} tokens"
        self._value.show_text(text)
        self._slider.setAccessibleDescription(text)

    def _tell(self) -> None:
        self._show_value()
        self.chosen.emit(self.tokens)
