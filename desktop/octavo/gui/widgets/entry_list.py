"""A list of titles under headings, drawn by hand so that thousands of them cost nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from octavo.gui.markdown.clean_text import clean
from octavo.gui.theme.fonts import BODY, MEDIUM, REGULAR, SEMIBOLD, TINY, font
from octavo.gui.theme.icons import pixmap
from octavo.gui.theme.tokens import colour

ENTRY, DETAIL, HEADING = 36, 52, 26
PAD, RADIUS, PIN = 10, 7, 12
Index = QModelIndex | QPersistentModelIndex


class Entry(Protocol):
    """What the list needs of an entry."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def title(self) -> str:
        """Its first line."""

    @property
    def detail(self) -> str:
        """Its second line, or empty."""

    @property
    def is_pinned(self) -> bool:
        """Whether it has a pin."""


Listed = TypeVar("Listed", bound=Entry)


class EntryList(QListWidget):
    """Headings and entries; a click or Enter activates one."""

    activated_entry = Signal(object)
    renamed = Signal(object, str)
    menu_asked = Signal(object, QPoint)
    deletion_asked = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setItemDelegate(EntryDelegate(self))
        self.setUniformItemSizes(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.setFont(font())
        self._chosen: int | None = None
        self.itemClicked.connect(self._tell)
        self.itemChanged.connect(self._tell_name)

    def show_groups(self, groups: Sequence[tuple[str, Sequence[Listed]]], chosen: int | None) -> None:
        """Show headings with their entries; ``chosen`` is the number of the one that is lit."""
        was_blocked = self.blockSignals(True)
        bar = self.verticalScrollBar().value()
        self._chosen = chosen
        self.clear()
        for heading, entries in groups:
            head = QListWidgetItem(heading)
            head.setFlags(Qt.ItemFlag.NoItemFlags)
            self.addItem(head)
            for entry in entries:
                title = clean(entry.title).replace("\n", " ")
                item = QListWidgetItem(title)
                item.setData(Qt.ItemDataRole.UserRole, entry)
                item.setToolTip(title)
                item.setFlags(
                    Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable
                )
                self.addItem(item)
                if entry.id == chosen:
                    self.setCurrentItem(item)
        self.verticalScrollBar().setValue(bar)
        self.blockSignals(was_blocked)

    @property
    def titles(self) -> list[str]:
        """What can be seen, headings too."""
        return [self.item(row).text() for row in range(self.count())]

    @property
    def chosen(self) -> int | None:
        """The number of the entry that is lit."""
        return self._chosen

    def edit_chosen(self) -> None:
        """Let the title of the lit entry be written over."""
        for row in range(self.count()):
            entry = self.item(row).data(Qt.ItemDataRole.UserRole)
            if entry is not None and entry.id == self._chosen:
                self.setCurrentRow(row)
                self.edit_current()
                return

    def edit_current(self) -> None:
        """Let the title under the keyboard be written over."""
        if self.currentItem() is not None:
            self.editItem(self.currentItem())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if item is not None and is_enter and self.state() != QAbstractItemView.State.EditingState:
            self._tell(item)
        elif item is not None and event.key() == Qt.Key.Key_Delete:
            self.deletion_asked.emit(item.data(Qt.ItemDataRole.UserRole))
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        is_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        item = self.currentItem() if is_key else self.itemAt(event.pos())
        entry = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        if item is not None and entry is not None:
            self.setCurrentItem(item)
            place = self.visualItemRect(item).center() if is_key else event.pos()
            self.menu_asked.emit(entry, self.viewport().mapToGlobal(place))

    def _tell(self, item: QListWidgetItem) -> None:
        entry = item.data(Qt.ItemDataRole.UserRole)
        if entry is not None:
            self.activated_entry.emit(entry)

    def _tell_name(self, item: QListWidgetItem) -> None:
        entry = item.data(Qt.ItemDataRole.UserRole)
        if entry is not None and item.text().strip() and item.text() != entry.title:
            self.renamed.emit(entry, item.text().strip())


class EntryDelegate(QStyledItemDelegate):
    """Draws one line of the list."""

    def __init__(self, parent: EntryList) -> None:
        super().__init__(parent)
        self._list = parent

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        entry = index.data(Qt.ItemDataRole.UserRole)
        height = HEADING if entry is None else DETAIL if entry.detail else ENTRY
        return QSize(0, height)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        editor.setGeometry(option.rect.adjusted(0, 1, 0, -1))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        entry = index.data(Qt.ItemDataRole.UserRole)
        if entry is None:
            painter.setFont(font(TINY, SEMIBOLD))
            painter.setPen(colour("text3"))
            painter.drawText(option.rect, Qt.AlignmentFlag.AlignVCenter.value, index.data())
        else:
            self._paint_entry(painter, option, entry, index.data())
        painter.restore()

    def _paint_entry(self, painter: QPainter, option: QStyleOptionViewItem, entry: Entry, title: str) -> None:
        area = option.rect.adjusted(0, 2, 0, -2)
        is_chosen = entry.id == self._list.chosen
        is_over = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if is_chosen or is_over:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("hover"))
            painter.drawRoundedRect(area, RADIUS, RADIUS)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(colour("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), RADIUS, RADIUS)
        line = area.adjusted(PAD, 0, -PAD, 0)
        if entry.is_pinned:
            painter.drawPixmap(
                line.right() - PIN, area.center().y() - PIN // 2, pixmap("pin", colour("text3"), PIN)
            )
            line.setRight(line.right() - PIN - 6)
        painter.setPen(colour("text" if is_chosen else "text2"))
        painter.setFont(font(BODY, MEDIUM if is_chosen else REGULAR))
        if entry.detail:
            half = line.height() // 2
            _draw(painter, QRect(line.x(), line.y() + 3, line.width(), half), title)
            painter.setPen(colour("text3"))
            painter.setFont(font(TINY))
            _draw(painter, QRect(line.x(), line.y() + half, line.width(), half - 2), entry.detail)
        else:
            _draw(painter, line, title)


def _draw(painter: QPainter, area: QRect, text: str) -> None:
    cut = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    flags = Qt.AlignmentFlag.AlignVCenter.value | Qt.TextFlag.TextSingleLine.value
    painter.drawText(area, flags, cut)
