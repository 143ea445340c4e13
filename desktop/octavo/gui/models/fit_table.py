"""What a model needs in each format, as a table: the figures behind the bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from octavo.engine.estimate.fit import FitRow
from octavo.gui.wording import byte_count, likely_speed, speed

Index = QModelIndex | QPersistentModelIndex

HEADS = (
    "Format",
    "Verdict",
    "Memory",
    "Weights",
    "File",
    "Answers",
    "Prompts",
    "Loads",
    "Converts",
)
VERDICT = HEADS.index("Verdict")
_NOWHERE = QModelIndex()


class FitTable(QAbstractTableModel):
    """One row per format; pointing at one says why its verdict is what it is."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[tuple[str, ...]] = []
        self._sentences: list[str] = []

    def show_rows(
        self, rows: Sequence[FitRow], times: Mapping[str, tuple[str, str]], *, are_measured: bool
    ) -> None:
        """Show these rows; ``times`` are the texts for loading and converting by the format's name."""
        shown = [_cells(each, times.get(each.quantizer, ("—", "—")), are_measured) for each in rows]
        self._sentences = [each.sentence for each in rows]
        if len(shown) != len(self._rows):
            self.beginResetModel()
            self._rows = shown
            self.endResetModel()
            return
        before, self._rows = self._rows, shown
        # One column after the other: most do not change with a slider's step, and are not painted again.
        for column in range(len(HEADS)):
            changed = [row for row in range(len(shown)) if shown[row][column] != before[row][column]]
            if changed:
                self.dataChanged.emit(self.index(changed[0], column), self.index(changed[-1], column))

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(HEADS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._rows[index.row()][index.column()]
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return self._sentences[index.row()]
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
    across = Qt.AlignmentFlag.AlignRight if column > VERDICT else Qt.AlignmentFlag.AlignLeft
    return int((across | Qt.AlignmentFlag.AlignVCenter).value)


def _cells(row: FitRow, times: tuple[str, str], are_measured: bool) -> tuple[str, ...]:
    sizes = (row.total_bytes, row.weights_bytes)
    shown = speed_text(row.tokens_per_second, are_measured=are_measured)
    return (
        row.quantizer[:1].upper() + row.quantizer[1:],
        row.verdict.capitalize(),
        *(byte_count(each) if row.total_bytes else "—" for each in sizes),
        byte_count(row.file_bytes) if row.file_bytes else "—",
        shown or "—",
        speed(row.prefill_tokens_per_second) if row.prefill_tokens_per_second else "—",
        *times,
    )


def speed_text(tokens_per_second: float | None, *, are_measured: bool) -> str:
    """With all figures where the kernels were timed here, else as an estimate; empty where nothing is known."""
    if tokens_per_second and are_measured:
        return speed(tokens_per_second)
    return likely_speed(tokens_per_second)
