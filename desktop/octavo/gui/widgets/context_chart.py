"""How the memory needed grows with the context: a line per format, against what is free."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from octavo.gui.theme.fonts import MEDIUM, SEMIBOLD, SMALL, TINY, font
from octavo.gui.theme.tokens import colour
from octavo.gui.wording import byte_count, byte_mark, context

LEFT, RIGHT, TOP, BOTTOM = 58, 84, 10, 38
N_LINES = 4
NAME_HEIGHT = 15


@dataclass(frozen=True)
class Curve:
    """Memory by context: pairs of tokens and bytes, rising."""

    name: str
    points: tuple[tuple[int, int], ...]
    is_chosen: bool


class ContextChart(QWidget):
    """A small line chart; its accessible name carries the figures."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumHeight(150)
        self._curves: list[Curve] = []
        self._free_bytes = 0
        self._context_tokens = 0
        self._top_bytes = 1.0
        self.setAccessibleName("Memory by context length")

    def show_curves(self, curves: Sequence[Curve], free_bytes: int, context_tokens: int) -> None:
        """Show ``curves`` with a limit at ``free_bytes`` and a mark at ``context_tokens``."""
        self._curves, self._free_bytes, self._context_tokens = list(curves), free_bytes, context_tokens
        self._top_bytes = self._highest_mark() if curves and curves[0].points else 1.0
        said = "; ".join(
            f"{each.name} {byte_count(each.points[0][1])} to {byte_count(each.points[-1][1])}"
            for each in self._curves
            if each.points
        )
        self.setAccessibleName(f"Memory by context length: {said}. Free {byte_count(free_bytes)}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._curves or not self._curves[0].points:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font(TINY))
        self._paint_grid(painter)
        self._paint_limit(painter)
        for curve in sorted(self._curves, key=lambda each: each.is_chosen):
            self._paint_curve(painter, curve)
        self._paint_names(painter)

    @property
    def _plot(self) -> QRectF:
        return QRectF(LEFT, TOP, self.width() - LEFT - RIGHT, self.height() - TOP - BOTTOM)

    def _highest_mark(self) -> float:
        tallest = max(curve.points[-1][1] for curve in self._curves)
        # What is far beyond the memory would press everything else to the ground.
        lowest = min(curve.points[-1][1] for curve in self._curves)
        most = max(2.5 * self._free_bytes, 1.2 * lowest)
        shown = max(min(tallest, most), 1.15 * min(self._free_bytes, 1.3 * tallest))
        return _round_up(shown / N_LINES) * N_LINES

    def _x(self, tokens: int) -> float:
        points = self._curves[0].points
        low, high = math.log(points[0][0]), math.log(points[-1][0])
        share = (math.log(max(tokens, 1)) - low) / max(high - low, 1e-9)
        return self._plot.left() + min(max(share, 0.0), 1.0) * self._plot.width()

    def _y(self, n_bytes: float) -> float:
        return self._plot.bottom() - min(n_bytes / self._top_bytes, 1.02) * self._plot.height()

    def _paint_grid(self, painter: QPainter) -> None:
        plot, top = self._plot, self._top_bytes
        for line in range(N_LINES + 1):
            y = self._y(top * line / N_LINES)
            painter.setPen(QPen(colour("border"), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(colour("text3"))
            place = QRectF(0, y - 8, LEFT - 10, 16)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(place, right.value, byte_mark(top * line / N_LINES))
        centre = Qt.AlignmentFlag.AlignCenter.value
        points = self._curves[0].points
        for tokens, _ in points[:: max(len(points) // 4, 1)]:
            painter.drawText(QRectF(self._x(tokens) - 30, plot.bottom() + 5, 60, 14), centre, context(tokens))
        painter.drawText(QRectF(plot.left(), plot.bottom() + 22, plot.width(), 14), centre, "Context, tokens")

    def _paint_limit(self, painter: QPainter) -> None:
        plot = self._plot
        if 0 < self._free_bytes < self._top_bytes:
            y = self._y(self._free_bytes)
            ground = colour("danger")
            ground.setAlpha(16)
            painter.fillRect(QRectF(plot.left(), plot.top(), plot.width(), y - plot.top()), ground)
            painter.setPen(QPen(colour("danger"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(colour("danger"))
            painter.drawText(QPointF(plot.left() + 8, y - 6), "More than is free now")
        painter.setPen(QPen(colour("border_strong"), 1, Qt.PenStyle.DotLine))
        x = self._x(self._context_tokens)
        painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))

    def _paint_curve(self, painter: QPainter, curve: Curve) -> None:
        token = "accent" if curve.is_chosen else "text3"
        painter.save()
        painter.setClipRect(self._plot.adjusted(-4, 0, 4, 4))
        painter.setPen(QPen(colour(token), 2 if curve.is_chosen else 1.25))
        painter.drawPolyline(QPolygonF([QPointF(self._x(x), self._y(y)) for x, y in curve.points]))
        painter.restore()
        here = _between(curve.points, self._context_tokens)
        if here <= self._top_bytes:
            painter.setPen(QPen(colour("surface"), 2))
            painter.setBrush(colour(token))
            radius = 6 if curve.is_chosen else 4
            painter.drawEllipse(QPointF(self._x(self._context_tokens), self._y(here)), radius, radius)
            painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_names(self, painter: QPainter) -> None:
        """Names stand at the right ends; where there is no room for all, the chosen one comes first."""
        taken: list[float] = []
        for curve in sorted(self._curves, key=lambda each: (not each.is_chosen, each.points[-1][1])):
            y = self._y(curve.points[-1][1])
            if any(abs(y - other) < NAME_HEIGHT for other in taken):
                continue
            taken.append(y)
            painter.setFont(font(SMALL, SEMIBOLD if curve.is_chosen else MEDIUM))
            painter.setPen(colour("text" if curve.is_chosen else "text2"))
            name = curve.name[:1].upper() + curve.name[1:]
            if curve.points[-1][1] > self._top_bytes:  # its line is above the picture
                name = f"↑ {name}"
            name = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, RIGHT - 10)
            painter.drawText(QPointF(self._plot.right() + 8, y + 4), name)


def _round_up(value: float) -> float:
    """The next round figure: 1, 1.5, 2, 2.5, 3, 4, 5, 6 or 8 times a power of ten."""
    power: float = 10.0 ** math.floor(math.log10(max(value, 1)))
    return next(step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= value)


def _between(points: Sequence[tuple[int, int]], tokens: int) -> float:
    """The memory at ``tokens``, between the points around it."""
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if x0 <= tokens <= x1:
            return y0 + (y1 - y0) * (tokens - x0) / max(x1 - x0, 1)
    return float(points[-1][1] if tokens > points[-1][0] else points[0][1])
