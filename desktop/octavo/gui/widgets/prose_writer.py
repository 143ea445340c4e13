"""Writes pieces of prose into a text document, in the theme's colours."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QBrush,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFrameFormat,
    QTextLength,
    QTextOption,
    QTextTableFormat,
)

from octavo.gui.markdown.pieces import Line, Piece, Run, Table
from octavo.gui.theme.fonts import CODE, READING, SEMIBOLD
from octavo.gui.theme.tokens import colour

HEADING_SIZES = {1: 19, 2: 17, 3: 15}
INDENT = 26
MARKER_WIDTH = 20
QUOTE_INDENT = 16
LINE_HEIGHT = 150
# A number of ours on each block: how many quotes it stands in.
QUOTE_PROPERTY = 0x100001
RULE_PROPERTY = 0x100002

_ALIGNMENTS = {
    "left": Qt.AlignmentFlag.AlignLeft,
    "center": Qt.AlignmentFlag.AlignHCenter,
    "right": Qt.AlignmentFlag.AlignRight,
}


class Above(Enum):
    """What stands above a piece: a table leaves an empty block for whatever follows it."""

    NOTHING = "nothing"
    PROSE = "prose"
    TABLE = "table"


def write_piece(cursor: QTextCursor, piece: Piece, above_is: Above) -> None:
    """Add a line or table at the end of the document."""
    cursor.movePosition(QTextCursor.MoveOperation.End)
    match piece:
        case Line():
            _write_line(cursor, piece, above_is)
        case Table():
            _write_table(cursor, piece, above_is)


def _write_line(cursor: QTextCursor, line: Line, above_is: Above) -> None:
    block, runs = QTextBlockFormat(), line.runs
    block.setLineHeight(LINE_HEIGHT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    left = line.indent * INDENT + line.quote * QUOTE_INDENT
    block.setLeftMargin(left)
    block.setProperty(QUOTE_PROPERTY, line.quote)
    above = 0 if line.is_plain else 4 if line.is_tight else 12
    if line.level:
        above = 18
        block.setHeadingLevel(line.level)
    block.setTopMargin(above if above_is == Above.PROSE else 0)
    if line.is_rule:
        block.setProperty(RULE_PROPERTY, True)
        # Qt gives an empty block the format of the one that is merged into it.
        runs = (Run("\u00a0"),)
    if line.marker:
        block.setTextIndent(-MARKER_WIDTH)
        block.setTabPositions([QTextOption.Tab(MARKER_WIDTH, QTextOption.TabType.LeftTab)])
    if above_is != Above.PROSE:
        cursor.setBlockFormat(block)
    else:
        cursor.insertBlock(block)
    base = _base_format(line)
    cursor.setBlockCharFormat(base)
    if line.marker:
        cursor.insertText(f"{line.marker}\t", base)
    _write_runs(cursor, runs, base)


def _base_format(line: Line) -> QTextCharFormat:
    base = QTextCharFormat()
    base.setForeground(QBrush(colour("text2" if line.quote else "text")))
    if line.level:
        base.setProperty(QTextCharFormat.Property.FontPixelSize.value, HEADING_SIZES.get(line.level, READING))
        base.setFontWeight(SEMIBOLD.value)
    return base


def _write_runs(cursor: QTextCursor, runs: Sequence[Run], base: QTextCharFormat) -> None:
    for run in runs:
        style = QTextCharFormat(base)
        if run.bold:
            style.setFontWeight(SEMIBOLD.value)
        style.setFontItalic(run.italic)
        style.setFontStrikeOut(run.strike)
        if run.code:
            style.setFontFamilies([CODE])
            style.setProperty(QTextCharFormat.Property.FontPixelSize.value, READING - 1)
            style.setBackground(QBrush(colour("surface2")))
        if run.link:
            style.setAnchor(True)
            style.setAnchorHref(run.link)
            style.setToolTip(run.link)
            style.setForeground(QBrush(colour("accent_ink")))
            style.setFontUnderline(True)
        cursor.insertText(run.text, style)


def _write_table(cursor: QTextCursor, table: Table, above_is: Above) -> None:
    n_columns = max((len(row) for row in table.rows), default=0)
    if not n_columns:
        return
    shape = QTextTableFormat()
    shape.setCellPadding(6)
    shape.setCellSpacing(0)
    shape.setBorder(1)
    shape.setBorderCollapse(True)
    shape.setBorderBrush(QBrush(colour("border_strong")))
    shape.setTopMargin(0 if above_is == Above.NOTHING else 12)
    shape.setBottomMargin(10)
    shape.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    shape.setHeaderRowCount(1)
    shape.setWidth(QTextLength(QTextLength.Type.VariableLength, 0))
    made = cursor.insertTable(len(table.rows), n_columns, shape)
    for row, cells in enumerate(table.rows):
        for column, runs in enumerate(cells):
            place = made.cellAt(row, column).firstCursorPosition()
            block = QTextBlockFormat()
            align = table.aligns[column] if column < len(table.aligns) else "left"
            block.setAlignment(_ALIGNMENTS.get(align, Qt.AlignmentFlag.AlignLeft))
            place.setBlockFormat(block)
            base = QTextCharFormat()
            base.setForeground(QBrush(colour("text")))
            if row == 0:
                base.setFontWeight(SEMIBOLD.value)
            _write_runs(place, runs, base)
    cursor.movePosition(QTextCursor.MoveOperation.End)
