"""One plugin in the list: what it adds, who made it, whether it is on."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from octavo.gui.theme.fonts import READING, SEMIBOLD, SMALL, TINY, font
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Tile, column, row
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.pill import Pill
from octavo.gui.widgets.switch import Switch

VERSION_WIDTH, MAKER_WIDTH, DETAILS_WIDTH, STATE_WIDTH = 64, 110, 84, 64


class PluginRow(QWidget):
    """A plugin; ``switched`` carries its name and whether it shall be on."""

    switched = Signal(str, bool)

    def __init__(self, name: str, kind: str, icon_name: str) -> None:
        super().__init__()
        self._name = name
        self._tile = Tile(icon_name, 36, 18)
        self._about = Label("", SMALL, tone="text2", wrap=True)
        self._version = Label("", SMALL, tone="text2", code=True)
        self._version.setFixedWidth(VERSION_WIDTH)
        self._maker = Label("", SMALL, tone="text3", elide=True)
        self._maker.setFixedWidth(MAKER_WIDTH)
        self._details_button = Button("Details", height=30, size=SMALL, name=f"Details of {name}")
        self._switch = Switch(f"{name} on")
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setFont(font(TINY, code=True))
        self._details.setFixedHeight(84)
        self._details.setAccessibleName(f"What went wrong with {name}")
        self._details.hide()
        self._always = Label("Always on", SMALL, tone="text3")
        place = QWidget()
        place.setFixedWidth(DETAILS_WIDTH)
        place.setLayout(row(None, self._details_button))
        state = QWidget()
        state.setFixedWidth(STATE_WIDTH)
        state.setLayout(row(None, self._switch, self._always))
        head = row(Label(name, READING, SEMIBOLD), Pill(kind), None)
        line = row(gap=14)
        line.addWidget(self._tile)
        line.addLayout(column(head, self._about, gap=3), 1)
        for each in (self._version, self._maker, place, state):
            line.addWidget(each, 0, Qt.AlignmentFlag.AlignVCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.addLayout(line)
        layout.addWidget(self._details)
        self._details_button.clicked.connect(self._toggle_details)
        self._switch.clicked.connect(self._tell)

    def show_plugin(
        self,
        about: str,
        version: str,
        maker: str,
        *,
        is_on: bool,
        is_always_on: bool,
        error: str,
        can_switch: bool = False,
    ) -> None:
        """Show what it is and how it stands; ``error`` in full is under "Details". Call it once in a layout."""
        first = error.splitlines()[0] if error else ""
        self._about.show_text(first or about)
        self._about.show_tone("danger" if error else "text2")
        self._version.show_text(version)
        self._maker.show_text(maker)
        self._switch.setChecked(is_on)
        self._switch.setVisible(can_switch)
        self._always.show_text("Always on" if is_always_on else "Off")
        self._always.setVisible(not can_switch and not error)
        self._details_button.setVisible(bool(error))
        self._details.setPlainText(error)
        if error:
            self._tile.show_icon("triangle-alert", "danger")

    def _toggle_details(self) -> None:
        self._details.setVisible(self._details.isHidden())

    def _tell(self, is_on: bool) -> None:
        self.switched.emit(self._name, is_on)
