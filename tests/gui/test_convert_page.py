from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from tests.gui.converting import (
    call_it,
    card,
    facts_of,
    format_row,
)

from octavo.gui.pages.obstacles import Room
from octavo.gui.pages.targets import command_lines
from octavo.gui.widgets.choice_box import ChoiceBox
from octavo.gui.widgets.done_card import DoneCard
from octavo.gui.widgets.format_row import FormatRow
from octavo.worker.protocol import Convert, Copy


def test_every_quantizer_is_priced_before_anything_starts(convert_page):
    rows = {each.name: each.accessibleDescription() for each in convert_page.findChildren(FormatRow)}

    assert next(iter(rows)) == "Q4_K_M"
    assert {"Q4_K_M", "Q8_0"} <= set(rows)
    assert all("Size" in said and "MB" in said for said in rows.values())


def test_rare_formats_are_folded_until_asked_for(convert_page):
    assert format_row(convert_page, "Q8_0").isVisible()
    assert not format_row(convert_page, "Q5_1").isVisible()

    convert_page.formats.list._more.click()

    assert format_row(convert_page, "Q5_1").isVisible()


def test_the_name_says_model_and_format(convert_page, panel):
    assert panel.name.text() == "small-q4_k_m.gguf"

    format_row(convert_page, "Q8_0").click()

    assert panel.name.text() == "small-q8_0.gguf"


def test_a_name_given_to_one_format_stays_with_it(convert_page, panel):
    call_it(panel, "mine.gguf")
    format_row(convert_page, "Q8_0").click()
    assert panel.name.text() == "small-q8_0.gguf"

    format_row(convert_page, "Q4_K_M").click()

    assert panel.name.text() == "mine.gguf"


def test_the_command_for_the_same_can_be_copied_before_and_after(convert_page, panel, qtbot, tmp_path):
    target = Path(tmp_path, "small-q4_k_m.gguf")
    wanted = f"octavo convert /models/small.gguf --to Q4_K_M -o {target}"
    panel.command.click()
    assert QApplication.clipboard().text() == wanted
    QApplication.clipboard().clear()

    with qtbot.waitSignal(convert_page.jobs.converted):
        panel.convert.click()
    card(convert_page, DoneCard).command_asked.emit()

    assert QApplication.clipboard().text() == wanted


def test_what_a_shell_would_take_apart_is_quoted():
    copy = Copy(quantizer="Q8_0", output="o'k.gguf", options={"types": "x=Q8_0"})

    assert command_lines(Convert(path="/a b/m.gguf", copies=[copy])) == (
        "octavo convert '/a b/m.gguf' --to Q8_0 -o 'o'\"'\"'k.gguf' --set types=x=Q8_0"
    )


def test_a_type_for_single_tensors_changes_size_and_command_at_once(convert_page, panel):
    before = convert_page.prospect.prices["Q4_K_M"].file_bytes
    convert_page.formats.open_types()
    window = convert_page.formats.types.window
    window.filter.setText("ffn_down")
    window.table.selectAll()
    window.types.setCurrentText("Q8_0")

    window.give.click()

    assert convert_page.prospect.prices["Q4_K_M"].file_bytes > before
    assert "File" in window._outcome.text()
    panel.command.click()
    assert "--set types='blk.*.ffn_down=Q8_0'" in QApplication.clipboard().text().replace(
        "'types=blk.*.ffn_down=Q8_0'", "types='blk.*.ffn_down=Q8_0'"
    )

    window.reset.click()

    assert convert_page.prospect.prices["Q4_K_M"].file_bytes == before
    window.close()


def test_the_table_of_tensors_says_what_was_chosen(convert_page):
    convert_page.formats.open_types()
    window = convert_page.formats.types.window
    window.filter.setText("blk.1.ffn_down")
    window.table.selectRow(0)
    window.types.setCurrentText("Q6_K")
    window.give.click()

    table = window.table.model()
    assert [table.index(0, column).data(Qt.ItemDataRole.DisplayRole) for column in (0, 3)] == [
        "blk.1.ffn_down.weight",
        "Q6_K, chosen",
    ]
    assert window._about.text() == "Rules: blk.1.ffn_down=Q6_K"
    window.close()


def test_all_types_of_single_tensors_are_taken_back_at_once(convert_page):
    convert_page.formats.take_rules("blk.1.ffn_down=Q6_K")
    convert_page.formats.open_types()
    window = convert_page.formats.types.window
    assert window.reset_all.isEnabled()

    window.reset_all.click()

    assert convert_page.formats.choices.changed(convert_page.formats.quantizer) == {}
    assert window._about.text() == "No tensor has a type of its own."
    assert not window.reset_all.isEnabled()
    window.close()


def test_tensors_are_sorted_by_their_size_and_in_the_order_of_the_file(convert_page):
    convert_page.formats.open_types()
    window = convert_page.formats.types.window
    rows = window.table.model()

    def names():
        return [rows.index(row, 0).data() for row in range(rows.rowCount())]

    in_file = names()
    window.table.sortByColumn(4, Qt.SortOrder.DescendingOrder)
    assert names()[0] == "token_embd.weight"
    assert names() != in_file
    window.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    assert names() == in_file[::-1]
    window.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
    assert names() == in_file
    window.close()


def test_another_model_forgets_types_of_single_tensors(joined, convert_page):
    convert_page.formats.take_rules("blk.1.ffn_down=Q6_K")
    assert convert_page.formats.choices.changed(convert_page.formats.quantizer) == {
        "types": "blk.1.ffn_down=Q6_K"
    }

    joined.workspace.select("/models/folder")

    assert convert_page.formats.choices.changed(convert_page.formats.quantizer) == {}


def test_a_page_that_nobody_sees_is_not_priced(joined, convert_page):
    joined.window.show_named("Models")
    convert_page.prospect.prices = {}

    joined.workspace.memory_changed.emit()
    assert convert_page.prospect.prices == {}

    joined.window.show_named("Convert")
    assert "Q4_K_M" in convert_page.prospect.prices


def test_what_the_conversion_takes_is_said_before_the_start(convert_page, panel, qtbot):
    def facts():
        return {name.text(): value.text() for name, value in panel._facts._labels}

    assert facts()["Estimated time"] == "…"

    qtbot.waitUntil(lambda: facts()["Estimated time"] == "≈3 min")

    assert facts()["Peak memory while converting"] == "310 MB"


def test_the_time_of_several_formats_is_that_of_all_together(convert_page, panel, qtbot):
    format_row(convert_page, "Q8_0").mark.click()

    qtbot.waitUntil(lambda: ("Estimated time, all 2", "≈3 min") in facts_of(panel))


def test_what_stands_in_the_way_is_said_and_nothing_can_start(convert_page, panel, monkeypatch):
    assert panel.convert.isEnabled()
    monkeypatch.setattr("octavo.gui.pages.prospect.room", lambda *_: Room(2 * 10**9, 10**9))

    convert_page._show_outcome()

    assert not panel.convert.isEnabled()
    assert panel._obstacle.text().startswith("Needs 2.0 GB on the disk, 1.0 GB are free.")
    assert panel._obstacle.isVisible()


def test_a_format_that_makes_a_folder_is_named_as_one_and_needs_one(joined, convert_page, panel):
    format_row(convert_page, "AWQ").click()
    assert panel.name.text() == "small-awq"
    assert "this source is a single file" in panel._obstacle.text()

    joined.workspace.select("/models/folder")

    assert panel.name.text() == "folder-awq"
    assert panel._obstacle.text() == ""


def test_a_folder_format_that_is_to_make_a_file_gets_a_files_name(convert_page, panel):
    format_row(convert_page, "AWQ").click()
    convert_page.formats.settings.fold.click()
    (box,) = [each for each in convert_page.formats.settings.findChildren(ChoiceBox) if each.isVisible()]

    box.setCurrentText("gguf")

    assert panel.name.text() == "small-awq.gguf"
    assert panel.convert.isEnabled()


def test_two_layouts_of_a_folder_are_named_apart(joined, convert_page, panel):
    joined.workspace.select("/models/folder")
    format_row(convert_page, "AWQ").click()
    convert_page.formats.settings.fold.click()
    (box,) = [each for each in convert_page.formats.settings.findChildren(ChoiceBox) if each.isVisible()]

    box.setCurrentText("compressed-tensors")

    assert panel.name.text() == "folder-awq-compressed-tensors"
