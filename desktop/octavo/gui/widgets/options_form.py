"""A form made from the fields of a frozen dataclass, so that plugins need no Qt."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QLineEdit, QSpinBox, QWidget

from octavo.gui.theme.fonts import MEDIUM, SMALL, font
from octavo.gui.widgets.button import HEIGHT, Button
from octavo.gui.widgets.card import column
from octavo.gui.widgets.choice_box import ChoiceBox
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.path_field import PathField
from octavo.gui.widgets.switch import Switch

_MOST = 2**31 - 1
TEXT_MARGIN = 6


class OptionsForm(QWidget):
    """One control per field.

    Which types of fields there are, and what their ``metadata`` say, is told in `octavo.api.Quantizer`.
    """

    changed = Signal()
    types_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(12)
        self._grid.setColumnStretch(0, 1)
        self._options: type | None = None
        self._readers: dict[str, Callable[[], Any]] = {}  # each reads a value of its field's own type

    def show_options(self, options: type | None, chosen: Any = None) -> None:  # an instance of it
        """Show the fields of ``options``, a dataclass, as in ``chosen`` or at their defaults; None shows nothing."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._options, self._readers = options, {}
        if options is not None:
            hints = typing.get_type_hints(options)
            for line, field in enumerate(dataclasses.fields(options)):
                value = _default(field) if chosen is None else getattr(chosen, field.name)
                self._add(line, field, hints[field.name], value)
        self.setVisible(bool(self._readers))

    def value(self) -> Any:  # an instance of the dataclass on view
        """The options as they stand in the form; None where there are none."""
        if self._options is None:
            return None
        return self._options(**self.changes())

    def changes(self) -> dict[str, Any]:  # values of the fields' own types
        """Field names and values."""
        return {name: read() for name, read in self._readers.items()}

    def _add(
        self, line: int, field: dataclasses.Field[Any], kind: Any, value: Any
    ) -> None:  # any field, any type
        label = Label(field.metadata.get("label") or words(field.name), SMALL, MEDIUM)
        told = Label(str(field.metadata.get("help", "")), SMALL, tone="text3", wrap=True)
        told.setVisible(bool(told.text()))
        made = self._control(kind, value, field.metadata)
        if made is None:
            return
        control, read = made
        control.setAccessibleName(label.text())
        control.setAccessibleDescription(told.text())
        if not isinstance(control, (Switch, Button, PathField)):
            control.setFont(font(SMALL))
            control.setFixedHeight(HEIGHT)
            control.setMinimumWidth(140)
        self._readers[field.name] = read
        self._grid.addWidget(_both(label, told), line, 0)
        self._grid.addWidget(control, line, 1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)

    def _control(
        self, kind: Any, default: Any, metadata: typing.Mapping[str, Any]
    ) -> tuple[QWidget, Callable[[], Any]] | None:  # the field's type, whatever it is
        choices = _choices(kind)
        if choices:
            box = ChoiceBox()
            for each in choices:
                box.addItem(str(each))
            box.setCurrentIndex(choices.index(default) if default in choices else 0)
            box.currentIndexChanged.connect(self._tell)
            return box, lambda: choices[box.currentIndex()]
        if kind is bool:
            switch = Switch("", bool(default))
            switch.toggled.connect(self._tell)
            return switch, switch.isChecked
        if kind in (int, float):
            spin = QSpinBox() if kind is int else QDoubleSpinBox()
            if isinstance(spin, QDoubleSpinBox):
                spin.setDecimals(3)
                spin.setSingleStep(0.05)
            spin.setRange(metadata.get("minimum", 0), metadata.get("maximum", _MOST))
            spin.setValue(default or 0)
            for text in spin.findChildren(QLineEdit):
                text.setTextMargins(TEXT_MARGIN, 0, TEXT_MARGIN, 0)
            spin.valueChanged.connect(self._tell)
            return spin, spin.value
        if kind is str and metadata.get("holds") == "tensor types":
            rules = str(default or "")
            n_rules = len(rules.split(",")) if rules else 0
            asking = Button(f"{n_rules} chosen…" if n_rules else "Choose…", height=30, size=SMALL)
            asking.clicked.connect(self.types_asked)
            return asking, lambda: rules
        if kind is str and metadata.get("holds") == "path":
            path = PathField(str(default or ""))
            path.changed.connect(self._tell)
            return path, path.text
        if kind is str:
            edit = QLineEdit(str(default or ""))
            edit.textChanged.connect(self._tell)
            return edit, edit.text
        # A field of a type that has no control keeps its default.
        return None

    def _tell(self) -> None:
        self.changed.emit()


def _both(label: Label, told: Label) -> QWidget:
    """The name of an option above what it does."""
    widget = QWidget()
    widget.setLayout(column(label, told, gap=1))
    return widget


def words(name: str) -> str:
    """``sample_tokens`` as ``Sample tokens``."""
    return name.replace("_", " ").strip().capitalize()


def _choices(kind: Any) -> list[Any]:  # a Literal's values
    return list(typing.get_args(kind)) if typing.get_origin(kind) is typing.Literal else []


def _default(field: dataclasses.Field[Any]) -> Any:  # of the field's own type
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return None
