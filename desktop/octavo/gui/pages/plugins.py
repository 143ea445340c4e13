"""The plugins that were found, those that failed with their reason, and the switches of strangers'."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QButtonGroup, QVBoxLayout, QWidget

from octavo import __version__
from octavo.gui.markdown.clean_text import clean
from octavo.gui.theme.fonts import SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, Icon, Line, row
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.page import Page
from octavo.gui.widgets.plugin_row import PluginRow
from octavo.gui.widgets.scroll import scrolled
from octavo.gui.workspace import Workspace
from octavo.plugin.host import PluginRecord

BUILT_IN_PARTS = (
    ("Numba CPU", "Engine", "Runs models on the processor.", "cpu"),
    ("GGUF reader", "Reader", "Opens GGUF files of any block type that can be decoded.", "box"),
    ("Safetensors reader", "Reader", "Opens Hugging Face folders.", "folder"),
)
TABS = ("All", "Quantizers", "Engines", "Readers", "Problems")


ABOUT = "Formats come from plugins. Yours are off until you switch them on."
SAFE_MODE = (
    "Safe mode: only the plugins that come with Octavo are on, until you start it without --no-plugins."
)


class PluginsPage(Page):
    """A list of plugins, narrowed by kind."""

    def __init__(self, workspace: Workspace) -> None:
        self._reload = Button("Reload", "secondary", "refresh-cw", name="Look for plugins again")
        super().__init__("Plugins", SAFE_MODE if workspace.safe_mode else ABOUT, self._reload)
        self._workspace = workspace
        self._rows: list[tuple[str, QWidget]] = []
        self._tabs = QButtonGroup(self)
        bar = row(gap=6)
        for name in TABS:
            tab = Button(name, "tab", height=22, size=SMALL)
            tab.setCheckable(True)
            self._tabs.addButton(tab)
            bar.addWidget(tab)
        self._tabs.buttons()[0].setChecked(True)
        bar.addStretch(1)
        self.body.addLayout(bar)
        self._card = Card(padding=0, gap=0)
        inner = QWidget()
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(16)
        layout.addWidget(self._card)
        note = row(Icon("info", "text3", 16), gap=8)
        words = Label(
            "Plugins run as ordinary Python code with your permissions. Install only those you trust. "
            "A plugin that fails is turned off; the app keeps working.",
            SMALL,
            tone="text2",
            wrap=True,
        )
        note.addWidget(words, 1)
        layout.addLayout(note)
        layout.addStretch(1)
        self.body.addWidget(scrolled(inner), 1)
        self._tabs.buttonClicked.connect(self._filter)
        self._reload.clicked.connect(self._workspace.reload_plugins)
        self._workspace.plugins_changed.connect(self._note_change)
        self._is_stale = True
        # One row at a time: all of them at once would hold up the window.
        self._coming: Iterator[None] = iter(())
        self._next = QTimer(self, interval=0)
        self._next.timeout.connect(self._take_next)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale:
            self._show_plugins()

    def _note_change(self) -> None:
        """Show the plugins now if the page is on view, else once it is."""
        self._is_stale = True
        if self.isVisible():
            self._show_plugins()

    def _show_plugins(self) -> None:
        self._is_stale = False
        while (item := self._card.body.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._rows = []
        self._show_counts()
        self._coming = self._fill()
        self._next.start()

    def _take_next(self) -> None:
        if next(self._coming, self) is self:
            self._next.stop()

    def _fill(self) -> Iterator[None]:
        """Add the rows, one at a step."""
        for record in self._workspace.host.plugins():
            self._add(_kinds(record), self._row(record))
            yield
        for name, kind, about, icon_name in BUILT_IN_PARTS:
            shown = PluginRow(name, kind, icon_name)
            shown.show_plugin(about, __version__, "Built in", is_on=True, is_always_on=True, error="")
            self._add(f"All {kind}s", shown)
            yield

    def _show_counts(self) -> None:
        kinds = [_kinds(each) for each in self._workspace.host.plugins()]
        kinds += [f"All {kind}s" for _, kind, _, _ in BUILT_IN_PARTS]
        for tab, name in zip(self._tabs.buttons(), TABS, strict=True):
            n = sum(name in each for each in kinds)
            tab.setText(f"{name}  {n}")
            tab.setVisible(name != "Problems" or n > 0)

    def _row(self, record: PluginRecord) -> PluginRow:
        kind = "Quantizer" if record.quantizers or not record.error else "Problem"
        shown = PluginRow(clean(", ".join(record.quantizers) or record.name), kind, "layers")
        shown.show_plugin(
            self._about(record),
            clean(record.version),
            "Built in" if record.is_shipped else clean(record.distribution),
            is_on=record.enabled and not record.error,
            can_switch=not record.is_shipped and not self._workspace.safe_mode,
            is_always_on=record.is_shipped,
            error=clean(record.error),
        )
        shown.switched.connect(lambda _, is_on, name=record.name: self._workspace.switch_plugin(name, is_on))
        return shown

    def _about(self, record: PluginRecord) -> str:
        summaries = [
            each.summary for each in self._workspace.host.quantizers() if each.name in record.quantizers
        ]
        told = " ".join([*summaries, record.note] if record.note else summaries)
        return clean(told) or ("Switched off." if not record.enabled else "Adds no quantizer.")

    def _add(self, kinds: str, shown: PluginRow) -> None:
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        if self._rows:
            layout.addWidget(Line())
        layout.addWidget(shown)
        self._card.body.addWidget(holder)
        self._rows.append((kinds, holder))
        self._filter()

    def _filter(self) -> None:
        chosen = self._tabs.checkedButton()
        wanted = TABS[self._tabs.buttons().index(chosen)] if chosen is not None else TABS[0]
        for kinds, holder in self._rows:
            holder.setVisible(wanted in kinds)


def _kinds(record: PluginRecord) -> str:
    """The tabs under which a plugin is listed."""
    return "All Quantizers Problems" if record.error else "All Quantizers"
