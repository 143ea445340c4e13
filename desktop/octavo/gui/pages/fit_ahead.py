"""Does a little at a time, while the page is not on view, what its first showing would wait for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from PySide6.QtCore import QObject

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.estimate.fit import AS_IT_IS
from octavo.gui.pages.fit_formats import FitFormats
from octavo.gui.pages.fit_prices import FitPrices
from octavo.gui.pages.fit_words import N_FIGURES
from octavo.gui.warm_up import WarmUp
from octavo.gui.widgets.explained_figure import FigureGrid

STEP_GAP_MS = 10


class FitAhead(WarmUp):
    """Plans a model in each format, and makes the widgets that will show it."""

    def __init__(
        self, prices: FitPrices, formats: FitFormats, figures: FigureGrid, parent: QObject | None = None
    ) -> None:
        super().__init__(parent, gap_ms=STEP_GAP_MS)
        self._prices, self._formats, self._figures = prices, formats, figures

    def prepare(self, card: ModelCard) -> None:
        """Prepare for this model, and no longer for another."""
        self.take(self._steps_for(card))

    def _steps_for(self, card: ModelCard) -> Iterator[Callable[[], object]]:
        for name in [AS_IT_IS, *(each.name for each in self._prices.quantizers)]:
            yield partial(self._prices.prepare, card, name)
            yield partial(self._formats.prepare, name)
            yield partial(self._figures.prepare, N_FIGURES)
