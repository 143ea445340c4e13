from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget

from octavo.gui.widgets.model_row import ModelRow
from octavo.store.library import ModelEntry


@pytest.fixture
def page(joined):
    return joined.models


def shown_rows(page):
    return [each for each in page.findChildren(ModelRow) if each.isVisible()]


def test_a_narrow_row_keeps_its_parts_apart_and_within_the_card(joined, page):
    row = page.list.rows["/models/small.gguf"]
    row.show_model("A name that is far too long", "8B params", "box", "Safetensors", "Q4_K_M", "105 GB")
    row.show_source("LM Studio", "another model")
    row.show_fit("runs well", "Needs little.", ">100 tok/s")
    row.resize(row.minimumSizeHint())

    parts = list(row.parts())

    assert all(row.rect().contains(each.area) for each in parts)
    pairs = [(one, other) for one in parts for other in parts if one is not other]
    assert not any(one.area.intersects(other.area) for one, other in pairs)
    assert next(each.shown for each in parts if each.text.startswith("A name")).endswith("…")
    assert {"Runs well", "105 GB", ">100 tok/s"} <= {each.shown for each in parts}


def test_a_row_is_one_widget_however_much_it_shows(page):
    for row in page.list.rows.values():
        assert row.findChildren(QWidget) == []


def test_hundreds_of_models_are_listed_some_at_a_time_and_in_order(joined, page, qtbot):
    paths = [f"/many/{number:03}.gguf" for number in range(100)]
    joined.workspace.show_library([ModelEntry(path=each, source="Jan", name=each, bytes=1) for each in paths])
    rows = joined.models.list.rows
    assert 0 < len(rows) < len(paths)

    qtbot.waitUntil(lambda: len(rows) == len(paths))

    assert [each.path for each in sorted(shown_rows(page), key=lambda each: each.y())] == paths


def test_rows_are_priced_anew_only_when_clearly_more_or_less_memory_is_free(joined, page, qtbot):
    qtbot.waitUntil(lambda: not page.list._unpriced)
    workspace = joined.workspace
    (pool,) = workspace.pools

    workspace.pools = [replace(pool, free_bytes=pool.free_bytes * 995 // 1000)]
    workspace.memory_changed.emit()
    assert not page.list._unpriced

    workspace.pools = [replace(pool, free_bytes=pool.free_bytes // 2)]
    workspace.memory_changed.emit()
    assert set(page.list._unpriced) == set(page.list.rows)


def test_a_search_counts_for_models_that_come_later(joined, page, qtbot):
    paths = [f"/many/{number:03}.gguf" for number in range(100)]
    qtbot.keyClicks(page._search, "077")

    joined.workspace.show_library([ModelEntry(path=each, source="Jan", name=each, bytes=1) for each in paths])
    qtbot.waitUntil(lambda: len(joined.models.list.rows) == len(paths))

    assert [each.path for each in shown_rows(page)] == ["/many/077.gguf"]


def test_models_that_look_the_same_show_the_names_of_their_files(joined, page, qtbot):
    paths = ["/one/small.gguf", "/two/small.gguf", "/two/other.gguf"]
    with qtbot.waitSignals([joined.workspace.model_changed] * 3):
        joined.workspace.show_library(
            [ModelEntry(path=each, source="Jan", name=Path(each).stem, bytes=1) for each in paths]
        )

    told = [joined.models.list.rows[each].about for each in paths]

    assert [each.startswith("small.gguf · ") for each in told] == [True, True, False]


def test_speeds_come_with_the_bandwidth_even_where_the_memory_stays(joined, page):
    row = page.list.rows["/models/small.gguf"]
    assert row.speed == ""

    joined.workspace._keep_bandwidth(20e9)
    page.list._work()

    assert row.speed != ""
