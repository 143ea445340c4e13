"""The card of all formats: as bars on one scale, or as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QModelIndex, Signal

from octavo.engine.estimate.fit import FitRow
from octavo.engine.hardware.pools import MemoryPool
from octavo.gui.models.fit_table import FitTable, speed_text
from octavo.gui.pages.fit_circumstances import Circumstances
from octavo.gui.pages.fit_speed_words import load_words
from octavo.gui.pages.fit_words import convert_words
from octavo.gui.pricing import all_parts
from octavo.gui.theme.fonts import READING, SEMIBOLD, SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, row
from octavo.gui.widgets.fit_bars import FitBar, FitBars
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.memory_bar import MODEL_PARTS, Legend
from octavo.gui.widgets.table_view import FigureTable
from octavo.gui.wording import byte_count

LEAST_COLUMN = 66
SMALL_PART = 4
HERE, IMAGINED = "Memory needed on this computer", "Memory needed on the computer you imagine"


class FitFormats(Card):
    """Formats of which one is chosen."""

    chosen = Signal()
    table_shown = Signal()

    def __init__(self) -> None:
        super().__init__(padding=20, gap=8)
        self._bars, self._figures = FitBars(), FitTable()
        self._table = FigureTable(self._figures, HERE, least_column=LEAST_COLUMN)
        self._table.hide()
        self._rows: list[FitRow] = []
        self._sentence = Label("", SMALL, tone="text2", wrap=True)
        self._common = Label("", SMALL, tone="text3", elide=True)
        self._note = Label("", SMALL, tone="text3", elide=True)
        self._switch = Button("Show as table", "link", height=24, size=SMALL)
        head = row()
        self._title = Label(HERE, READING, SEMIBOLD, elide=True)
        head.addWidget(self._title, 1)
        head.addWidget(self._switch)
        self.body.addLayout(head)
        self.body.addWidget(Legend(MODEL_PARTS))
        for each in (self._bars, self._table, self._sentence, self._common, self._note):
            self.body.addWidget(each)
        self._bars.chosen.connect(self._tell_choice)
        self._switch.clicked.connect(self._switch_view)
        self._table.selectionModel().currentRowChanged.connect(self._take_row)

    @property
    def name(self) -> str:
        """The chosen format."""
        return self._bars.name

    @property
    def shows_table(self) -> bool:
        """Whether the table is on view in place of the bars."""
        return not self._table.isHidden()

    def show_rows(
        self, rows: Sequence[FitRow], ram: MemoryPool, empty: str = "", *, are_measured: bool = False
    ) -> None:
        """Show these formats against a memory; ``empty`` is said where there are none."""
        names, self._rows = [each.quantizer for each in self._rows], list(rows)
        most = max((each.total_bytes for each in rows), default=0)
        # Of a small model on a large computer there would be slivers to see.
        is_small = most * SMALL_PART < ram.free_bytes
        whole = _round(most) if is_small else max(ram.total_bytes, most)
        self._bars.show_bars([_bar(each, are_measured) for each in rows], whole, ram.free_bytes)
        if [each.quantizer for each in rows] != names:
            self._bars.follow(self._switch)
        free = byte_count(ram.free_bytes)
        told = f"Bars end at {byte_count(whole)}; "
        told += f"{free} are free, far more." if is_small else f"the dotted line is what is free, {free}."
        self._note.show_text(told if rows else "")
        self._common.show_text(_common(rows))
        self._show_sentence(empty)

    def prepare(self, name: str) -> None:
        """Make the bar of a format that will be shown, before it is."""
        self._bars.prepare(name)

    def show_imagined(self, is_imagined: bool) -> None:
        """Say whose memory it is."""
        self._title.show_text(IMAGINED if is_imagined else HERE)

    def choose(self, name: str) -> None:
        """Choose a format."""
        self._bars.choose(name)
        self._show_sentence()

    def show_table(self, rows: Sequence[FitRow], of: Mapping[str, Circumstances]) -> None:
        """Show the figures behind the bars."""
        times = {
            each.quantizer: (load_words(each), convert_words(each, of[each.quantizer].conversion))
            for each in rows
        }
        are_measured = any(each.basis == "measured" for each in of.values())
        self._figures.show_rows(rows, times, are_measured=are_measured)

    def _show_sentence(self, empty: str = "") -> None:
        name = self.name
        found = next((each for each in self._rows if each.quantizer == name), None)
        self._sentence.show_text(f"{name[:1].upper()}{name[1:]}: {found.sentence}" if found else empty)

    def _take_row(self, current: QModelIndex) -> None:
        if 0 <= current.row() < len(self._rows):
            self.choose(self._rows[current.row()].quantizer)
            self.chosen.emit()

    def _tell_choice(self) -> None:
        self._show_sentence()
        self.chosen.emit()

    def _switch_view(self) -> None:
        as_table = not self.shows_table
        self._table.setVisible(as_table)
        self._bars.setVisible(not as_table)
        self._note.setVisible(not as_table)
        self._switch.show_text("Show as bars" if as_table else "Show as table")
        if as_table:
            self.table_shown.emit()


def _bar(found: FitRow, are_measured: bool) -> FitBar:
    total = byte_count(found.total_bytes) if found.total_bytes else "unknown"
    pace = speed_text(found.tokens_per_second, are_measured=are_measured)
    return FitBar(found.quantizer, tuple(all_parts(found)), total, found.verdict, found.sentence, pace)


def _common(rows: Sequence[FitRow]) -> str:
    """The parts of memory that are the same for all formats."""
    found = next((each for each in rows if each.total_bytes), None)
    if found is None:
        return ""
    kv, working, program = map(byte_count, (found.kv_bytes, found.working_bytes, found.program_bytes))
    return f"The same for all: KV cache {kv}, working buffers {working}, program {program}."


def _round(n_bytes: int) -> int:
    """A little more, with two figures."""
    unit: int = 10 ** max(len(str(n_bytes)) - 2, 0)
    return (int(1.1 * n_bytes) // unit + 1) * unit
