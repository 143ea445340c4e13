"""A plain table of figures, as tall as its rows."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QSize, Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QSizePolicy, QTableView

from octavo.gui.theme.fonts import SMALL, font

ROW_HEIGHT = 30


class FigureTable(QTableView):
    """A read-only table whose columns share the width; as high as its rows, or one that ``scrolls``.

    Columns are never narrower than ``least_column`` pixels: what does not fit then scrolls across.
    """

    def __init__(
        self, model: QAbstractItemModel, name: str, *, scrolls: bool = False, least_column: int = 0
    ) -> None:
        super().__init__()
        self.setModel(model)
        self.setAccessibleName(name)
        self.setFont(font(SMALL))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._scrolls = scrolls
        self._least_column = least_column
        if least_column:
            self.setWordWrap(False)
            self.horizontalHeader().setMinimumSectionSize(least_column)
            self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        else:
            self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if not scrolls:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setHighlightSections(False)
        model.modelReset.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        if self._scrolls:
            return super().sizeHint()
        head = self.horizontalHeader().sizeHint().height()
        bar = self.horizontalScrollBar().sizeHint().height() if self._least_column else 0
        return QSize(super().sizeHint().width(), head + ROW_HEIGHT * self.model().rowCount() + bar + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0 if self._scrolls else self.sizeHint().height())
