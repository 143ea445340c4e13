from dataclasses import dataclass, field
from typing import Literal

import pytest
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox

from octavo.gui.widgets.options_form import OptionsForm
from octavo.gui.widgets.switch import Switch


@dataclass(frozen=True)
class Options:
    group_size: int = field(
        default=128, metadata={"minimum": 32, "maximum": 256, "help": "Weights per scale."}
    )
    share: float = 0.25
    keeps_output: bool = True
    name: str = "plain"
    method: Literal["search", "round"] = "round"
    layers: tuple[int, ...] = (1, 2)


@pytest.fixture
def form(qtbot):
    made = OptionsForm()
    qtbot.addWidget(made)
    made.show_options(Options)
    return made


def test_the_form_begins_with_the_defaults(form):
    assert form.value() == Options()


def test_each_control_changes_its_field(form, qtbot):
    with qtbot.waitSignals([form.changed] * 5):
        form.findChild(QSpinBox).setValue(64)
        form.findChild(QDoubleSpinBox).setValue(0.5)
        form.findChild(Switch).click()
        form.findChild(QLineEdit, "").parent()
        next(each for each in form.findChildren(QLineEdit) if each.accessibleName() == "Name").setText(
            "other"
        )
        for box in form.findChildren(QComboBox):
            box.setCurrentIndex(0)

    assert form.value() == Options(64, 0.5, False, "other", "search")


def test_limits_and_help_come_from_the_field(form):
    size = form.findChild(QSpinBox)

    assert (size.minimum(), size.maximum()) == (32, 256)
    assert (size.accessibleName(), size.accessibleDescription()) == ("Group size", "Weights per scale.")


def test_no_options_are_no_form(form):
    form.show_options(None)

    assert form.value() is None
    assert not form.isVisible()
