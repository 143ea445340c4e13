"""The formats of the Convert page: which one is on view, which are to be made, and with which options."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.errors import OctavoError
from octavo.engine.quantize.quantizer import Quantizer
from octavo.gui.pages.format_choices import FormatChoices, rules_field
from octavo.gui.pages.format_settings import FormatSettings
from octavo.gui.pages.format_words import formats_of
from octavo.gui.pages.tensor_types_desk import TensorTypesDesk
from octavo.gui.pricing import WithOptions
from octavo.gui.theme.fonts import SEMIBOLD, SMALL
from octavo.gui.widgets.card import row
from octavo.gui.widgets.format_list import FormatList
from octavo.gui.widgets.label import Label
from octavo.gui.workspace import Workspace


class FormatPicker(QWidget):
    """The list of formats and the options of the one on view.

    ``viewed`` tells that another one is on view, ``marks_changed`` that others are to be made, ``replanned`` that
    formats or their options are others.
    """

    viewed = Signal()
    marks_changed = Signal()
    replanned = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self.choices = FormatChoices()
        self.asked: dict[str, WithOptions] = {}
        self.list, self.settings, self.types = FormatList(), FormatSettings(), TensorTypesDesk(self)
        self._n_formats = Label("", SMALL, tone="text3")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row(Label("Format", SMALL, SEMIBOLD, "text2"), None, self._n_formats))
        column.addWidget(self.list)
        column.addWidget(self.settings)
        self.list.chosen.connect(self.show_format)
        self.list.marks_changed.connect(self.marks_changed)
        self.settings.changed.connect(self._take_options)
        self.settings.types_asked.connect(self.open_types)
        self.types.changed.connect(self.take_rules)
        workspace.plugins_changed.connect(self.show_formats)

    @property
    def quantizers(self) -> list[Quantizer]:
        """All that are installed."""
        return self._workspace.host.quantizers() if self._workspace.plugins_loaded else []

    @property
    def quantizer(self) -> Quantizer | None:
        """The one on view."""
        return next((each for each in self.quantizers if each.name == self.list.name), None)

    @property
    def marked(self) -> list[Quantizer]:
        """Those that are to be made."""
        known = {each.name: each for each in self.quantizers}
        return [known[name] for name in self.list.marked if name in known]

    def folder_layout(self, quantizer: Quantizer) -> str:
        """What kind of folder comes of this format under its options; empty for a file."""
        card = self._card
        if card is None or quantizer.name not in self.asked:
            return ""
        try:
            return self.asked[quantizer.name].plan(card.tensors, None).layout
        except OctavoError:  # the row of the format says why
            return ""

    def show_formats(self) -> None:
        """Show what is installed."""
        formats = formats_of(self.quantizers, self._workspace)
        self.list.show_formats(formats)
        self._n_formats.show_text("1 format" if len(formats) == 1 else f"{len(formats)} formats")
        self._plan_again()
        self.show_format()

    def show_format(self) -> None:
        """Show the options of the format on view."""
        quantizer = self.quantizer
        if quantizer is not None:
            chosen, has_rules = self.choices.options(quantizer), bool(rules_field(quantizer))
            self.settings.show_options(quantizer.name, quantizer.Options, chosen, has_rules=has_rules)
        self.settings.setVisible(quantizer is not None and quantizer.Options is not None)
        self.viewed.emit()

    def show_changes(self) -> None:
        """Say which options are not as usual."""
        quantizer = self.quantizer
        if quantizer is not None:
            self.settings.show_changes(self.choices.changed(quantizer))

    def forget_source(self) -> None:
        """Another model: what was chosen for the one before counts no more."""
        self.choices.forget_source(self.quantizers)
        self._plan_again()
        self.show_format()

    def open_types(self) -> None:
        """Show the tensors of the model one by one."""
        quantizer, card = self.quantizer, self._card
        if quantizer is not None and card is not None:
            self.types.open(card, quantizer.name, self.choices.rules(quantizer))
            self.viewed.emit()

    def take_rules(self, rules: str) -> None:
        """Take types for single tensors."""
        quantizer = self.quantizer
        if quantizer is not None:
            self.choices.choose_rules(quantizer, rules)
            self._plan_again()
            self.show_format()

    @property
    def _card(self) -> ModelCard | None:
        model = self._workspace.selected_model
        return model.card if model else None

    def _take_options(self) -> None:
        quantizer = self.quantizer
        if quantizer is not None:
            self.choices.choose(quantizer, self.settings.form.value())
            self._plan_again()

    def _plan_again(self) -> None:
        self.asked = {each.name: WithOptions(each, self.choices.options(each)) for each in self.quantizers}
        self.replanned.emit()
