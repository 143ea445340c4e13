"""The tensors of a model: name, shape, type now, and the type and size that a plan gives them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont

from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.quantize.quantizer import Plan
from octavo.gui.theme.fonts import SEMIBOLD, SMALL, font
from octavo.gui.wording import byte_count

Index = QModelIndex | QPersistentModelIndex

HEADS = ("Tensor", "Shape", "Now", "Then", "Size then")
NAME, SHAPE, NOW, THEN, SIZE = range(len(HEADS))
SORTED_BY = Qt.ItemDataRole.UserRole
_NOWHERE = QModelIndex()


class TensorTable(QAbstractTableModel):
    """One row per tensor; those whose type the user chose stand out."""

    def __init__(self) -> None:
        super().__init__()
        self._tensors: list[TensorInfo] = []
        self._plan: Plan | None = None
        self._chosen: frozenset[str] = frozenset()
        self._bold: QFont = font(SMALL, SEMIBOLD)

    def show_tensors(self, tensors: Sequence[TensorInfo]) -> None:
        """Show the tensors of another model."""
        self.beginResetModel()
        self._tensors, self._plan = list(tensors), None
        self.endResetModel()

    def show_plan(self, plan: Plan | None, chosen: Sequence[str]) -> None:
        """Show the types of a plan; ``chosen`` are the tensors whose type the user gave."""
        self._plan, self._chosen = plan, frozenset(chosen)
        if self._tensors:
            self.dataChanged.emit(self.index(0, THEN), self.index(len(self._tensors) - 1, SIZE))

    def tensor(self, row: int) -> TensorInfo:
        """The tensor in a row."""
        return self._tensors[row]

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._tensors)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(HEADS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        tensor = self._tensors[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(tensor, index.column())
        if role == SORTED_BY:
            return self._order(index.row(), index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        if role == Qt.ItemDataRole.FontRole and index.column() == THEN and tensor.name in self._chosen:
            return self._bold
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        return _alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def _order(self, row: int, column: int) -> int | str:
        """What a column is sorted by: names keep the order of the file, shapes and sizes go by how large they are."""
        tensor = self._tensors[row]
        if column == NAME:
            return row
        if column == SHAPE:
            return tensor.n_weights
        then = self._plan.types.get(tensor.name) if self._plan else None
        if column == SIZE:
            return tensor.rows * then.row_bytes(tensor.columns) if then else 0
        return self._text(tensor, column)

    def _text(self, tensor: TensorInfo, column: int) -> str:
        if column == NAME:
            return tensor.name
        if column == SHAPE:
            return " × ".join(f"{each:,}" for each in tensor.shape)
        if column == NOW:
            return tensor.block_type.name
        then = self._plan.types.get(tensor.name) if self._plan else None
        if then is None:
            return "—"
        if column == THEN:
            return f"{then.name}, chosen" if tensor.name in self._chosen else then.name
        return byte_count(tensor.rows * then.row_bytes(tensor.columns))


def _alignment(column: int) -> int:
    """Words at the left, sizes at the right."""
    across = Qt.AlignmentFlag.AlignRight if column == SIZE else Qt.AlignmentFlag.AlignLeft
    return int((across | Qt.AlignmentFlag.AlignVCenter).value)
