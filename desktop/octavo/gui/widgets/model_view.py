"""The models as cards one above the other, of which those on view are painted."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QHelpEvent, QPainter, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QScrollArea,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
)

from octavo.gui.widgets.choice_card import paint_card, shows_focus
from octavo.gui.widgets.model_row import NARROWEST, ModelRow, paint_row, row_height

ROW = Qt.ItemDataRole.UserRole
GAP = 10
Index = QModelIndex | QPersistentModelIndex


class ModelView(QListView):
    """Cards of models, as tall as all of them; it stands in an area that scrolls.

    Parameters
    ----------
    model : QAbstractItemModel
        Gives a ``ModelRow`` for the role ``ROW``.
    """

    chosen = Signal(str)

    def __init__(self, model: QAbstractItemModel) -> None:
        super().__init__()
        self._is_told = True
        self.setAccessibleName("Models")
        model.setParent(self)  # so that it goes after the view: the other way round, Qt may wait for itself
        self.setModel(model)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setItemDelegate(ModelDelegate(self))
        self.setUniformItemSizes(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        model.modelReset.connect(self.updateGeometry)

    def choose(self, index: QModelIndex, *, brings_into_view: bool = True) -> None:
        """Light up a card; nobody is told."""
        self._is_told = False
        self.setAutoScroll(brings_into_view)
        self.setCurrentIndex(index)
        self.setAutoScroll(True)
        self._is_told = True

    def sizeHint(self) -> QSize:
        return QSize(NARROWEST, self.model().rowCount() * (row_height() + GAP))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if self._is_told and current.isValid():
            self.chosen.emit(current.data(ROW).path)

    def dataChanged(self, first: Index, last: Index, roles: Sequence[int] = ()) -> None:
        # All cards are of one size: Qt would lay out and paint all of them anew.
        if first == last:
            self.update(first)
        else:
            self.viewport().update()

    def scrollTo(
        self, index: Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        """Scroll the area around the list: the list itself shows all of its rows."""
        if not self.hasAutoScroll():
            return
        area = self.parentWidget()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        contents = area.widget() if area is not None else None
        if area is not None and contents is not None:
            card = self.visualRect(index)
            for end in (card.bottomLeft(), card.topLeft()):
                area.ensureVisible(0, self.viewport().mapTo(contents, end).y(), 0, 0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class ModelDelegate(QStyledItemDelegate):
    """Paints one card."""

    def __init__(self, parent: ModelView) -> None:
        super().__init__(parent)
        self._view = parent

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(NARROWEST, row_height() + GAP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: ModelRow = index.data(ROW)
        card, view = _card(option.rect), self._view
        is_chosen = view.currentIndex() == index
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_card(
            painter,
            card,
            is_chosen=is_chosen,
            is_under_mouse=bool(option.state & QStyle.StateFlag.State_MouseOver),
            shows_focus=is_chosen and view.hasFocus() and shows_focus(view),
        )
        paint_row(painter, card, row, is_chosen=is_chosen)
        painter.restore()

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        if event.type() != QEvent.Type.ToolTip or not index.isValid():
            return False
        row: ModelRow = index.data(ROW)
        QToolTip.showText(event.globalPos(), row.tip_at(_card(option.rect), QPoint(event.pos())), view)
        return True


def _card(area: QRect) -> QRect:
    """The card within its row, which ends with a gap."""
    return area.adjusted(0, 0, 0, -GAP)
