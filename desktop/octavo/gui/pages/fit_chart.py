"""Two pictures of a model's formats: memory against context, and quality against size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from octavo.engine.estimate.fit import FitRow
from octavo.engine.measure.figures import Measurement
from octavo.gui.measurer import Measurer, Wish
from octavo.gui.theme.fonts import SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, row
from octavo.gui.widgets.context_chart import ContextChart, Curve
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.quality_chart import QualityChart, QualityPoint
from octavo.gui.widgets.segments import Segments
from octavo.gui.wording import count
from octavo.store.measurements import Way

PICTURES = (("memory", "Memory against context"), ("quality", "Quality against size"))
HEIGHT = 240
ABOUT_MEMORY = "Weights stay, the KV cache grows with the context."
NOT_MEASURED = "No format of this model has been measured yet."


class FitCharts(Card):
    """A card with one of both pictures on view."""

    measure_asked = Signal()

    def __init__(self, measurer: Measurer) -> None:
        super().__init__(padding=20, gap=10)
        self._measurer = measurer
        self._path = ""
        self._known: dict[Way, Measurement] = {}
        self._points: list[QualityPoint] = []
        self._tokens = 0
        self._context, self._quality = ContextChart(), QualityChart()
        self._context.setMinimumHeight(HEIGHT)
        self._which = Segments("Picture", PICTURES, "memory")
        self._about = Label(ABOUT_MEMORY, SMALL, tone="text3", elide=True)
        self._measure = Button("Measure on the Convert page", "link", height=24, size=SMALL)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._context)
        self._stack.addWidget(self._with_room(self._quality))
        self.body.addWidget(self._which)
        self.body.addWidget(self._stack)
        foot = row()
        foot.addWidget(self._about, 1)
        foot.addWidget(self._measure)
        self.body.addLayout(foot)
        self._measure.hide()
        self._which.chosen.connect(self._show_picture)
        self._measure.clicked.connect(self.measure_asked)
        measurer.measured.connect(self._forget)

    def show_curves(self, curves: Sequence[Curve], free_bytes: int, context_tokens: int) -> None:
        """Show what each format needs by context."""
        self._context.show_curves(curves, free_bytes, context_tokens)

    def show_formats(self, path: str, rows: Sequence[FitRow], chosen: str) -> None:
        """Show what has been measured of the model's formats."""
        if path != self._path:
            self._path, self._known = path, self._measurer.known(path)
        sizes = {each.quantizer: each.file_bytes for each in rows}
        self._points = self._measured(sizes, chosen)
        self._quality.show_points(self._points)
        self._tell()

    def _measured(self, sizes: Mapping[str, int], chosen: str) -> list[QualityPoint]:
        points = []
        for name, size in sizes.items():
            found = self._known.get(Wish(self._path, name).made)
            kl = found.figures.mean_kl if found is not None else None
            if found is not None and kl is not None:
                points.append(QualityPoint(name, size, kl.value, kl.low, kl.high, name == chosen))
                self._tokens = found.figures.scored_tokens
        return points

    def _forget(self) -> None:
        """More is known of some model: look it up when it is shown next."""
        self._path = ""

    def _show_picture(self, which: str) -> None:
        self._stack.setCurrentIndex([key for key, _ in PICTURES].index(which))
        self._tell()

    def _tell(self) -> None:
        is_quality = self._which.value == "quality"
        self._measure.setVisible(is_quality)
        told = (
            f"Measured on {count(self._tokens)} tokens; bars are 95 % intervals."
            if self._points
            else NOT_MEASURED
        )
        self._about.show_text(told if is_quality else ABOUT_MEMORY)

    def _with_room(self, chart: QWidget) -> QWidget:
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(chart)
        layout.addStretch(1)
        return holder
