import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QScrollArea,
    QSlider,
    QTextEdit,
    QWidget,
)

from octavo.gui.widgets.label import Label
from octavo.gui.widgets.search_field import SearchField

CONTROLS = (QAbstractButton, QAbstractItemView, QSlider, QAbstractSpinBox, QComboBox, QLineEdit, QTextEdit)
PAGES = ("Models", "Convert", "Fit", "Chat", "Compare", "Plugins", "Settings")


def controls(window):
    for each in window.findChildren(QWidget):
        if isinstance(each, CONTROLS) and each.isVisible() and each.objectName() != "qt_spinbox_lineedit":
            yield each


def said(widget):
    return QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name).strip()


@pytest.mark.parametrize("page", PAGES)
def test_every_control_has_a_name(joined, page):
    joined.window.show_named(page)

    nameless = [each for each in controls(joined.window) if not said(each)]

    assert nameless == []


@pytest.mark.parametrize("page", PAGES)
def test_every_control_can_be_reached_with_the_keyboard(joined, page):
    joined.window.show_named(page)
    unreachable = [
        each
        for each in controls(joined.window)
        if each.isEnabled()
        and not each.focusPolicy() & Qt.FocusPolicy.TabFocus
        # The magnifying glass only shows that the field searches.
        and not isinstance(each.parent(), SearchField)
        and not is_reached_with_arrows(each)
    ]

    assert unreachable == []


def is_reached_with_arrows(control):
    """Of buttons that exclude each other the Tab key reaches one, once the keyboard has been among them."""
    group = control.group() if isinstance(control, QAbstractButton) else None
    return bool(group) and any(each.focusPolicy() & Qt.FocusPolicy.TabFocus for each in group.buttons())


def test_the_chat_options_have_names(joined):
    joined.window.show_named("Chat")
    joined.chat.panel.open_options()
    popover = joined.chat.panel.options.popover

    assert [each for each in controls(popover) if not said(each)] == []
    popover.close()


@pytest.mark.parametrize(("number", "page"), list(enumerate(PAGES, start=1)))
def test_control_and_a_digit_lead_to_a_page(joined, number, page):
    joined.window.activateWindow()
    QTest.keyClick(joined.window, getattr(Qt.Key, f"Key_{number}"), Qt.KeyboardModifier.ControlModifier)

    assert joined.window.page_name == page


def test_control_n_begins_a_chat(joined):
    QTest.keyClick(joined.window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)

    assert joined.window.page_name == "Chat"
    assert joined.chat.panel.composer.edit.hasFocus()


def test_arrow_keys_move_through_the_models(joined):
    joined.models.list.view.setFocus()
    QTest.keyClick(joined.models.list.view, Qt.Key.Key_Down)

    assert joined.workspace.selected_path == "/models/folder"


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("size", [(960, 640), (1280, 800)], ids=str)
def test_nothing_is_cut_off_or_pushed_out(joined, qtbot, page, size):
    joined.window.show_named(page)
    joined.window.resize(*size)
    qtbot.waitUntil(lambda: joined.window.width() == size[0])
    area = joined.window.centralWidget()

    qtbot.waitUntil(lambda: not cut_off(joined.window, area))


def cut_off(window, area):
    """Labels that do not show all of their text."""
    wrong = []
    for each in window.findChildren(Label):
        if not each.isVisible() or not each.text() or each.visibleRegion().isEmpty():
            continue
        is_cut = not each._elide and not each.wordWrap() and each.width() < each.sizeHint().width() - 1
        is_outside = any(right_edge(each, outer) > outer.width() for outer in outers(each, area))
        if is_cut or is_outside:
            wrong.append((each.text(), each.width(), each.sizeHint().width()))
    return wrong


def outers(widget, area):
    """What a widget must stay within: the window's contents, and the views of areas that scroll."""
    yield area
    parent = widget.parentWidget()
    while parent is not area:
        if isinstance(parent.parentWidget(), QScrollArea):
            yield parent
        parent = parent.parentWidget()


def right_edge(widget, outer):
    return widget.mapTo(outer, widget.rect().bottomRight()).x()
