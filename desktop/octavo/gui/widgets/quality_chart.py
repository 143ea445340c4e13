"""Size against quality: bytes to the right, difference from the source upwards, with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from octavo.gui.theme.fonts import MEDIUM, SEMIBOLD, SMALL, TINY, font
from octavo.gui.theme.tokens import colour
from octavo.gui.wording import byte_count

LEFT, RIGHT, TOP, BOTTOM = 58, 24, 12, 40
HEIGHT, EMPTY_HEIGHT = 200, 64
N_COLUMNS = 4
# The longest that has room.
CAPTIONS = (
    "Size of the file  ·  upwards: mean difference from the source (KL, nats); lower is better",
    "Size  ·  upwards: difference from the source; lower is better",
    "Upwards: difference from the source",
)
EMPTY = "Nothing is measured yet. “Measure quality” compares each format with the source on a text."


@dataclass(frozen=True)
class QualityPoint:
    """A measured format.

    Parameters
    ----------
    n_bytes : int
        Of its file.
    kl, low, high : float
        Mean Kullback-Leibler divergence from the source and its 95 % interval, nats.
    """

    name: str
    n_bytes: int
    kl: float
    low: float
    high: float
    is_chosen: bool = False


class QualityChart(QWidget):
    """Points with interval bars on a logarithmic scale; its accessible name carries the figures."""

    def __init__(self) -> None:
        super().__init__()
        self._points: list[QualityPoint] = []
        self.show_points([])

    def show_points(self, points: Sequence[QualityPoint]) -> None:
        """Show what has been measured, and nothing else."""
        self._points = list(points)
        self.setFixedHeight(HEIGHT if self._points else EMPTY_HEIGHT)
        said = "; ".join(
            f"{each.name} {byte_count(each.n_bytes)}, difference {each.kl:.2g} ({each.low:.2g} to {each.high:.2g})"
            for each in self._points
        )
        self.setAccessibleName(f"Size against quality: {said}" if said else EMPTY)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._points:
            painter.setFont(font(SMALL))
            painter.setPen(colour("text3"))
            wrapped = Qt.AlignmentFlag.AlignCenter.value | Qt.TextFlag.TextWordWrap.value
            painter.drawText(self.rect().adjusted(24, 0, -24, 0), wrapped, EMPTY)
            return
        self._paint_grid(painter)
        taken: list[QRectF] = []
        for point in sorted(self._points, key=lambda each: not each.is_chosen):
            self._paint_point(painter, point, taken)

    @property
    def _plot(self) -> QRectF:
        return QRectF(LEFT, TOP, self.width() - LEFT - RIGHT, self.height() - TOP - BOTTOM)

    @property
    def _decades(self) -> tuple[int, int]:
        """The powers of ten that the scale runs between."""
        lows = [math.log10(max(each.low, each.kl / 10, 1e-6)) for each in self._points]
        highs = [math.log10(max(each.high, 1e-6)) for each in self._points]
        low, high = math.floor(min(lows)), math.ceil(max(highs))
        return low, max(high, low + 1)

    @property
    def _bytes(self) -> tuple[float, float]:
        sizes = [each.n_bytes for each in self._points]
        margin = max((max(sizes) - min(sizes)) * 0.15, max(sizes) * 0.06)
        return max(min(sizes) - margin, 0.0), max(sizes) + margin

    def _x(self, n_bytes: float) -> float:
        low, high = self._bytes
        return self._plot.left() + (n_bytes - low) / (high - low) * self._plot.width()

    def _y(self, kl: float) -> float:
        low, high = self._decades
        share = (math.log10(max(kl, 10.0**low)) - low) / (high - low)
        return self._plot.bottom() - min(max(share, 0.0), 1.0) * self._plot.height()

    def _paint_grid(self, painter: QPainter) -> None:
        plot = self._plot
        painter.setFont(font(TINY))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        low, high = self._decades
        for power in range(low, high + 1):
            y = self._y(10.0**power)
            painter.setPen(QPen(colour("border"), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(colour("text3"))
            painter.drawText(
                QRectF(0, y - 8, LEFT - 10, 16), right.value, f"{10.0**power:.10f}".rstrip("0").rstrip(".")
            )
        centre = Qt.AlignmentFlag.AlignCenter.value
        least, most = self._bytes
        marks: dict[str, float] = {}  # of sizes that look the same, one is marked
        for column in range(N_COLUMNS + 1):
            n_bytes = least + (most - least) * column / N_COLUMNS
            marks.setdefault(byte_count(n_bytes), n_bytes)
        for told, n_bytes in marks.items():
            painter.drawText(QRectF(self._x(n_bytes) - 34, plot.bottom() + 5, 68, 14), centre, told)
        place = QRectF(0, plot.bottom() + 23, self.width(), 14)
        width = painter.fontMetrics().horizontalAdvance
        fitting = (each for each in CAPTIONS if width(each) <= place.width())
        painter.drawText(place, centre, next(fitting, ""))

    def _paint_point(self, painter: QPainter, point: QualityPoint, taken: list[QRectF]) -> None:
        token = "accent" if point.is_chosen else "text3"
        x, y = self._x(point.n_bytes), self._y(point.kl)
        painter.setPen(QPen(colour(token), 1.5))
        top, bottom = self._y(point.high), self._y(point.low)
        painter.drawLine(QPointF(x, top), QPointF(x, bottom))
        for end in (top, bottom):
            painter.drawLine(QPointF(x - 4, end), QPointF(x + 4, end))
        painter.setPen(QPen(colour("surface"), 2))
        painter.setBrush(colour(token))
        radius = 6 if point.is_chosen else 4.5
        painter.drawEllipse(QPointF(x, y), radius, radius)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setFont(font(SMALL, SEMIBOLD if point.is_chosen else MEDIUM))
        painter.setPen(colour("text" if point.is_chosen else "text2"))
        place = self._place(painter, point.name, x, y, taken)
        taken.append(place)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter.value, point.name)

    def _place(self, painter: QPainter, name: str, x: float, y: float, taken: list[QRectF]) -> QRectF:
        """Where a name stands: at the right of its point, or else where it covers no other."""
        width = painter.fontMetrics().horizontalAdvance(name) + 2
        offsets = ((10.0, -8.0), (-width - 10.0, -8.0), (10.0, -22.0), (10.0, 6.0), (-width - 10.0, 6.0))
        places = [QRectF(x + right, y + down, width, 16) for right, down in offsets]
        inside = [each for each in places if each.left() >= LEFT and each.right() <= self.width()]
        free = (each for each in inside if not any(each.intersects(other) for other in taken))
        return next(free, inside[0] if inside else places[0])
