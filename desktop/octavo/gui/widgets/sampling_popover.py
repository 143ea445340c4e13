"""How a chat answers: preset, system prompt, sampling, context; a small panel that opens over the page."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QComboBox, QPlainTextEdit, QVBoxLayout, QWidget

from octavo.gui.theme.fonts import BODY, READING, SEMIBOLD, SMALL, TINY, font
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, Line, column, row
from octavo.gui.widgets.choice_box import ChoiceBox
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.number_field import decimal, grid, whole
from octavo.store.chat_settings import ChatSettings

COLUMN = 290
FIELD_HEIGHT = 30
FIELD_WIDTH = 110
PROMPT_HEIGHT = 150
STOPS_HEIGHT = 62
ANY_SEED = -1
KV_TYPES = {"": "as in Settings", "f16": "f16", "q8_0": "q8_0, half the memory"}


class SamplingPopover(QWidget):
    """A popup with the settings of a chat; ``changed`` comes with every change, presets go by their names."""

    changed = Signal()
    template_asked = Signal()
    closed = Signal()
    preset_chosen = Signal(str)
    preset_kept = Signal(str)
    preset_removed = Signal(str)

    def __init__(self, parent: QWidget, settings: ChatSettings) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAccessibleName("Chat options")
        self._template = ""
        self._overflow = settings.overflow
        self._make_fields()
        card = Card(kind="popover", padding=16, gap=12)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(card)
        left, right = self._left(), self._right()
        for side in (left, right):
            side.setFixedWidth(COLUMN)
        card.body.addLayout(row(self._presets, self._keep, self._remove, None, self._reset))
        card.body.addWidget(Line())
        card.body.addLayout(row(left, Line(upright=True), right, gap=16))
        self.show_settings(settings)
        self._connect()

    @property
    def settings(self) -> ChatSettings:
        """What has been chosen."""
        seed = self._seed.value()
        stops = (line for line in self._stops.toPlainText().split("\n") if line)
        return ChatSettings(
            system_prompt=self._prompt.toPlainText().strip(),
            temperature=round(self._temperature.value(), 3),
            top_k=self._top_k.value(),
            top_p=round(self._top_p.value(), 3),
            min_p=round(self._min_p.value(), 3),
            repeat_penalty=round(self._penalty.value(), 3),
            seed=None if seed == ANY_SEED else seed,
            max_tokens=self._max_tokens.value(),
            stop_texts=tuple(stops),
            template=self._template,
            context_tokens=self._context.value(),
            kv_type=self._kv.currentData(),
            overflow=self._overflow,
        )

    def show_settings(self, settings: ChatSettings) -> None:
        """Show these settings; nobody is told."""
        was_blocked = self.blockSignals(True)
        self._prompt.setPlainText(settings.system_prompt)
        self._temperature.setValue(settings.temperature)
        self._top_k.setValue(settings.top_k)
        self._top_p.setValue(settings.top_p)
        self._min_p.setValue(settings.min_p)
        self._penalty.setValue(settings.repeat_penalty)
        self._seed.setValue(ANY_SEED if settings.seed is None else settings.seed)
        self._max_tokens.setValue(settings.max_tokens)
        self._stops.setPlainText("\n".join(settings.stop_texts))
        self._context.setValue(settings.context_tokens)
        self._kv.setCurrentIndex(list(KV_TYPES).index(settings.kv_type))
        self._template, self._overflow = settings.template, settings.overflow
        self._templates.show_text("Chat template: your own…" if self._template else "Chat template…")
        self.blockSignals(was_blocked)

    def show_presets(self, names: Iterable[str], chosen: str = "") -> None:
        """Offer these presets."""
        was_blocked = self._presets.blockSignals(True)
        self._presets.clear()
        self._presets.addItems(list(names))
        self._presets.setCurrentText(chosen)
        self._presets.blockSignals(was_blocked)

    def open_above(self, anchor: QWidget, *, focus_prompt: bool = False) -> None:
        """Open with the right edge at that of ``anchor``, below it or above where there is no room."""
        self.adjustSize()
        corner = anchor.mapToGlobal(QPoint(anchor.width() - self.width(), anchor.height() + 4))
        lowest = anchor.window().mapToGlobal(QPoint(0, anchor.window().height())).y()
        if corner.y() + self.height() > lowest:
            corner.setY(anchor.mapToGlobal(QPoint(0, 0)).y() - self.height() - 4)
        leftmost = anchor.window().mapToGlobal(QPoint(8, 0)).x()
        self.move(max(corner.x(), leftmost), corner.y())
        self.show()
        (self._prompt if focus_prompt else self._temperature).setFocus()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def _make_fields(self) -> None:
        self._prompt = _text("System prompt", PROMPT_HEIGHT)
        self._prompt.setPlaceholderText("What the model should know and how it should answer")
        self._stops = _text("Stop texts, one per line", STOPS_HEIGHT)
        self._temperature = decimal("Temperature", 0.0, 2.0, 0.1)
        self._top_p = decimal("Top P", 0.0, 1.0, 0.05)
        self._min_p = decimal("Min P", 0.0, 1.0, 0.01)
        self._penalty = decimal("Repeat penalty", 0.5, 2.0, 0.05)
        self._top_k = whole("Top K", 0, 1000, "off")
        self._max_tokens = whole("Longest answer, tokens", 0, 1_000_000, "no limit")
        self._seed = whole("Seed", ANY_SEED, 2**31 - 1, "any")
        self._context = whole("Context, tokens", 0, 1_048_576, "as in Settings", step=1024)
        self._kv = ChoiceBox()
        for value, text in KV_TYPES.items():
            self._kv.addItem(text, value)
        self._kv.setFixedSize(COLUMN - 90, FIELD_HEIGHT)
        self._kv.setFont(font(SMALL))
        self._kv.setAccessibleName("KV cache")
        self._presets = ChoiceBox()
        self._presets.setEditable(True)
        self._presets.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._presets.setFixedSize(COLUMN - 90, FIELD_HEIGHT)
        self._presets.setFont(font(SMALL))
        self._presets.setAccessibleName("Preset")
        line = self._presets.lineEdit()
        assert line is not None
        line.setPlaceholderText("Preset: choose or name one")
        line.setAccessibleName("Name of the preset")
        self._keep = Button("Save", "secondary", height=FIELD_HEIGHT, size=SMALL, name="Save as preset")
        self._remove = Button(
            "", "ghost", "trash-2", height=FIELD_HEIGHT, name="Delete the preset", icon_pixels=14
        )
        self._reset = Button(
            "Defaults", "ghost", height=FIELD_HEIGHT, size=SMALL, name="Back to the default options"
        )
        self._templates = Button("Chat template…", "secondary", height=FIELD_HEIGHT, size=SMALL)

    def _left(self) -> QWidget:
        side = QWidget()
        side.setLayout(
            column(
                Label("System prompt", READING, SEMIBOLD),
                self._prompt,
                Label("Stop texts", READING, SEMIBOLD),
                self._stops,
                Label("One per line; the answer ends before the first of them.", TINY, tone="text3"),
                Label("Chat template", READING, SEMIBOLD),
                row(self._templates, None),
                None,
                gap=8,
            )
        )
        return side

    def _right(self) -> QWidget:
        side = QWidget()
        side.setLayout(
            column(
                Label("Sampling", READING, SEMIBOLD),
                grid(self._fields()),
                Label("Context", READING, SEMIBOLD),
                grid([self._context]),
                row(Label("KV cache", SMALL, tone="text2"), None, self._kv),
                Label("These two load the model anew.", TINY, tone="text3"),
                None,
                gap=8,
            )
        )
        return side

    def _fields(self) -> list[QWidget]:
        return [
            self._temperature,
            self._top_k,
            self._top_p,
            self._min_p,
            self._penalty,
            self._max_tokens,
            self._seed,
        ]

    def _connect(self) -> None:
        for field in (self._temperature, self._top_p, self._min_p, self._penalty):
            field.valueChanged.connect(self.changed)
        for number in (self._top_k, self._max_tokens, self._seed, self._context):
            number.valueChanged.connect(self.changed)
        self._prompt.textChanged.connect(self.changed)
        self._stops.textChanged.connect(self.changed)
        self._kv.currentIndexChanged.connect(self.changed)
        self._reset.clicked.connect(self._go_back)
        self._templates.clicked.connect(self.template_asked)
        self._presets.textActivated.connect(self.preset_chosen)
        self._keep.clicked.connect(self._tell_kept)
        self._remove.clicked.connect(self._tell_removed)

    def _go_back(self) -> None:
        self.show_settings(ChatSettings(system_prompt=self.settings.system_prompt))
        self.changed.emit()

    def _tell_kept(self) -> None:
        self.preset_kept.emit(self._presets.currentText())

    def _tell_removed(self) -> None:
        self.preset_removed.emit(self._presets.currentText())


def _text(name: str, height: int) -> QPlainTextEdit:
    field = QPlainTextEdit()
    field.setProperty("field", True)
    field.setFont(font(BODY))
    field.setFixedHeight(height)
    field.setTabChangesFocus(True)
    field.setAccessibleName(name)
    return field
