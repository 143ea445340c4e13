from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollArea

from octavo.gui.widgets.model_row import NARROWEST, ModelRow, row_height
from octavo.store.library import ModelEntry

MANY = [f"/many/{number:03}.gguf" for number in range(100)]


@pytest.fixture
def page(joined):
    return joined.models


@pytest.fixture
def many(joined, page):
    """The page with a hundred models, of which no header is read in time."""
    joined.workspace.show_library([ModelEntry(path=each, source="Jan", name=each, bytes=1) for each in MANY])
    return page.list


def click(view, path):
    card = view.visualRect(view.model().place(path))
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=card.center())


def area_around(view):
    (area,) = [each for each in view.window().findChildren(QScrollArea) if each.isAncestorOf(view)]
    return area


def test_a_narrow_row_keeps_its_parts_apart_and_within_the_card():
    row = ModelRow(
        "/models/long.gguf",
        "A name that is far too long",
        "8B params",
        container="Safetensors",
        type_name="Q4_K_M",
        size="105 GB",
        keeper="LM Studio",
        original="another model",
        verdict="runs well",
        sentence="Needs little.",
        speed=">100 tok/s",
    )
    card = QRect(30, 40, NARROWEST, row_height())

    parts = list(row.parts(card))

    assert all(card.contains(each.area) for each in parts)
    pairs = [(one, other) for one in parts for other in parts if one is not other]
    assert not any(one.area.intersects(other.area) for one, other in pairs)
    assert next(each.shown for each in parts if each.text.startswith("A name")).endswith("…")
    assert {"Runs well", "105 GB", ">100 tok/s"} <= {each.shown for each in parts}


def test_a_name_that_is_cut_and_a_pill_are_told_of_in_full():
    row = ModelRow(
        "/a", "A name that is far too long for a narrow card", original="another", container="GGUF"
    )
    card = QRect(0, 0, NARROWEST, row_height())
    (name,) = [each for each in row.parts(card) if each.text == row.name]
    (copy,) = [each for each in row.parts(card) if each.text == "Copy"]

    assert row.tip_at(card, name.area.center()) == row.name
    assert row.tip_at(card, copy.area.center()) == "The same file as another"
    assert row.tip_at(card, QPoint(1, 1)) == ""


def test_hundreds_of_models_are_listed_at_once_and_only_those_on_view_are_described(many, qtbot):
    assert many.rows.paths == MANY
    assert many.view.height() == len(MANY) * many.view.sizeHintForRow(0)

    many.view.window().grab()

    assert 0 < len(many.rows._described) < len(MANY) // 2


def test_rows_are_priced_anew_only_when_clearly_more_or_less_memory_is_free(joined, page):
    rows, workspace = page.list.rows, joined.workspace
    workspace.memory_changed.emit()
    priced = rows["/models/small.gguf"]
    (pool,) = workspace.pools

    workspace.pools = [replace(pool, free_bytes=pool.free_bytes * 995 // 1000)]
    workspace.memory_changed.emit()
    assert rows["/models/small.gguf"] is priced

    workspace.pools = [replace(pool, free_bytes=1000)]
    workspace.memory_changed.emit()
    assert rows["/models/small.gguf"].verdict == "too large"


def test_a_search_counts_for_models_that_come_later(joined, page, qtbot):
    qtbot.keyClicks(page._search, "077")

    joined.workspace.show_library([ModelEntry(path=each, source="Jan", name=each, bytes=1) for each in MANY])

    assert page.list.rows.paths == ["/many/077.gguf"]


def test_a_model_that_a_search_hides_is_lit_when_it_comes_back(joined, page):
    page._search.setText("folder")
    assert page.list.view.currentIndex().row() == -1
    assert joined.workspace.selected_path == "/models/small.gguf"

    page._search.setText("")

    assert page.list.view.currentIndex().row() == 0


def test_models_that_look_the_same_show_the_names_of_their_files(joined, page, qtbot):
    paths = ["/one/small.gguf", "/two/small.gguf", "/two/other.gguf"]
    with qtbot.waitSignals([joined.workspace.model_changed] * 3):
        joined.workspace.show_library(
            [ModelEntry(path=each, source="Jan", name=Path(each).stem, bytes=1) for each in paths]
        )

    told = [joined.models.list.rows[each].about for each in paths]

    assert [each.startswith("small.gguf · ") for each in told] == [True, True, False]


def test_speeds_come_with_the_bandwidth_even_where_the_memory_stays(joined, page):
    assert page.list.rows["/models/small.gguf"].speed == ""

    joined.workspace._keep_bandwidth(20e9)

    assert page.list.rows["/models/small.gguf"].speed != ""


def test_a_click_chooses_a_model(joined, page):
    click(page.list.view, "/models/folder")

    assert joined.workspace.selected_path == "/models/folder"


def test_the_keyboard_brings_what_it_chooses_into_view(joined, many):
    many.view.setFocus()

    QTest.keyClick(many.view, Qt.Key.Key_End)

    assert joined.workspace.selected_path == MANY[-1]
    card = many.view.visualRect(many.rows.place(MANY[-1]))
    area = area_around(many.view)
    assert area.viewport().rect().contains(many.view.viewport().mapTo(area.viewport(), card.center()))


def test_models_listed_anew_leave_the_list_where_it_was_scrolled_to(joined, many):
    bar = area_around(many.view).verticalScrollBar()
    bar.setValue(500)
    entries = [ModelEntry(path=each, source="Jan", name=each, bytes=1) for each in MANY]

    joined.workspace.show_library([*entries, ModelEntry(path="/z", source="Jan", name="z", bytes=1)])

    assert many.rows.paths[-1] == "/z"
    assert bar.value() == 500
    assert many.view.currentIndex().row() == 0


def test_a_screen_reader_finds_what_each_row_says(page):
    told = QAccessible.queryAccessibleInterface(page.list.view).child(0)

    assert told.text(QAccessible.Text.Name).startswith("Small, GGUF BF16")
    assert told.text(QAccessible.Text.Description).startswith("runs well")


def test_a_header_that_was_read_does_not_have_everything_priced_anew(joined, qtbot):
    told = []
    joined.workspace.memory_changed.connect(lambda: told.append(True))

    joined.workspace.model_changed.emit("/models/folder")

    assert told == []
