"""What a model needs in each format, as a table: the figures behind the bars."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from octavo.engine.estimate.fit import FitRow
from octavo.gui.wording import byte_count, likely_speed

Index = QModelIndex | QPersistentModelIndex

HEADS = ("Format", "File", "Weights", "KV cache", "Working", "Program", "In all", "Speed", "Verdict")
_NOWHERE = QModelIndex()


class FitTable(QAbstractTableModel):
    """One row per format."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[tuple[str, ...]] = []

    def show_rows(self, rows: Sequence[FitRow]) -> None:
        """Show these rows."""
        shown = [_cells(each) for each in rows]
        if len(shown) != len(self._rows):
            self.beginResetModel()
            self._rows = shown
            self.endResetModel()
        elif shown != self._rows:
            self._rows = shown
            self.dataChanged.emit(self.index(0, 0), self.index(len(shown) - 1, len(HEADS) - 1))

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(HEADS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        return _alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None


def _alignment(column: int) -> int:
    """Words at the left, figures at the right."""
    is_figure = 0 < column < len(HEADS) - 1
    across = Qt.AlignmentFlag.AlignRight if is_figure else Qt.AlignmentFlag.AlignLeft
    return int((across | Qt.AlignmentFlag.AlignVCenter).value)


def _cells(row: FitRow) -> tuple[str, ...]:
    sizes = (row.weights_bytes, row.kv_bytes, row.working_bytes, row.program_bytes, row.total_bytes)
    return (
        row.quantizer[:1].upper() + row.quantizer[1:],
        byte_count(row.file_bytes) if row.file_bytes else "—",
        *(byte_count(each) if row.total_bytes else "—" for each in sizes),
        likely_speed(row.tokens_per_second) or "—",
        row.verdict.capitalize(),
    )
