from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from octavo.gui.pages.obstacles import Room
from octavo.gui.pages.targets import command_lines
from octavo.gui.widgets.done_card import DoneCard
from octavo.gui.widgets.format_row import FormatRow
from octavo.gui.widgets.job_card import JobCard
from octavo.gui.widgets.options_form import ChoiceBox
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.gui.widgets.result_panel import ResultPanel
from octavo.store.ledger import Ledger
from octavo.store.unfinished import Aim, Begun, Unfinished
from octavo.worker.protocol import Convert, Copy


@pytest.fixture
def page(joined, tmp_path):
    joined.workspace.change_settings(output_folder=str(tmp_path))
    joined.window.show_named("Convert")
    return joined.convert


@pytest.fixture
def panel(page):
    return page.findChild(ResultPanel)


def format_row(page, name):
    return next(each for each in page.findChildren(FormatRow) if each.name == name)


def card(page, kind):
    """The card of that kind that is on view."""
    found = [each for each in page.jobs.findChildren(kind) if each.isVisible()]
    return found[0] if found else None


def wait_for(qtbot, page, kind):
    qtbot.waitUntil(lambda: card(page, kind) is not None)
    return card(page, kind)


def formats_of(jobs):
    return [each.quantizer for job in jobs for each in job.request.copies]


def call_it(panel, name):
    panel.name.setText(name)
    panel.name.textEdited.emit(name)


def test_every_quantizer_is_priced_before_anything_starts(page):
    rows = {each.name: each.accessibleDescription() for each in page.findChildren(FormatRow)}

    assert next(iter(rows)) == "Q4_K_M"
    assert {"Q4_K_M", "Q8_0"} <= set(rows)
    assert all("Size" in said and "MB" in said for said in rows.values())


def test_rare_formats_are_folded_until_asked_for(page):
    assert format_row(page, "Q8_0").isVisible()
    assert not format_row(page, "Q5_1").isVisible()

    page.formats.list._more.click()

    assert format_row(page, "Q5_1").isVisible()


def test_the_name_says_model_and_format(page, panel):
    assert panel.name.text() == "small-q4_k_m.gguf"

    format_row(page, "Q8_0").click()

    assert panel.name.text() == "small-q8_0.gguf"


def test_a_name_given_to_one_format_stays_with_it(page, panel):
    call_it(panel, "mine.gguf")
    format_row(page, "Q8_0").click()
    assert panel.name.text() == "small-q8_0.gguf"

    format_row(page, "Q4_K_M").click()

    assert panel.name.text() == "mine.gguf"


def test_a_conversion_ends_in_a_file_that_joins_the_list(joined, page, panel, qtbot, tmp_path):
    with qtbot.waitSignals([page.jobs.converted, joined.workspace.model_changed]):
        panel.convert.click()
        assert card(page, JobCard) is not None

    done = card(page, DoneCard)
    assert (tmp_path / "small-q4_k_m.gguf").exists()
    assert "as predicted, to the byte" in done.accessibleName()
    assert card(page, JobCard) is None
    assert joined.workspace.model(str(tmp_path / "small-q4_k_m.gguf")) is not None


def test_what_a_conversion_took_is_noted_beside_its_forecast(page, panel, qtbot):
    with qtbot.waitSignal(page.jobs.converted):
        panel.convert.click()

    with Ledger() as ledger:
        (seconds,) = ledger.entries("convert_seconds")
        (size,) = ledger.entries("file_bytes")
    assert (seconds.predicted, seconds.measured) == (2.0, 1.5)
    assert (size.predicted, size.measured) == (4, 4)


def test_the_proof_is_shown_with_the_first_word_that_differs(page, panel, qtbot):
    with qtbot.waitSignal(page.jobs.converted):
        panel.convert.click()

    outcome = card(page, DoneCard).outcome
    assert [each.sentence for each in outcome.checks] == [
        "Reopened as a model: 21 tensors, as in the source.",
        "The chat template gives the same prompt as the source's.",
        "Says the same 2 of 3 tokens as the source before another likeliest one comes up.",
    ]
    assert outcome.words == [("Source", "The sea is ", "deep"), ("Copy", "The sea is ", "wide")]
    assert outcome.checksum == "SHA-256 " + "ab" * 32


def test_progress_is_shown_while_it_runs(page, panel, qtbot):
    call_it(panel, "slow.gguf")
    panel.convert.click()
    job = card(page, JobCard)

    qtbot.waitUntil(lambda: job._share.text() == "75%")

    assert job._tensor.text() == "blk.3.ffn_up.weight"
    assert "3 of 4 tensors" in job._pace.text()
    with qtbot.waitSignal(page.jobs.changed):
        job.cancel.click()


@pytest.mark.parametrize("name", ["slow.gguf", "stubborn.gguf"])
def test_cancel_ends_it_whether_the_engine_heeds_or_not(page, panel, qtbot, tmp_path, name):
    call_it(panel, name)
    panel.convert.click()
    job = card(page, JobCard)
    qtbot.waitUntil(lambda: "tensors" in job._pace.text())

    job.cancel.click()

    qtbot.waitUntil(lambda: not page.jobs.is_running)
    assert card(page, ProblemCard) is None
    assert panel.convert.isEnabled()


def test_what_a_killed_child_could_not_clear_away_is_removed_after_a_cancel(page, panel, qtbot, tmp_path):
    call_it(panel, "stubborn.gguf")
    panel.convert.click()
    qtbot.waitUntil(lambda: "tensors" in card(page, JobCard)._pace.text())
    leave_something(tmp_path, "stubborn.gguf")

    card(page, JobCard).cancel.click()

    qtbot.waitUntil(lambda: not page.jobs.is_running)
    assert list(tmp_path.iterdir()) == []


def test_several_formats_are_made_in_one_pass_each_with_its_proof(page, panel, qtbot, tmp_path):
    format_row(page, "Q8_0").mark.click()
    format_row(page, "Q6_K").mark.click()
    assert "3 formats" in panel.convert.text()

    panel.convert.click()

    (job,) = page.jobs._queue.jobs
    assert job.title == "Small to Q4_K_M, Q8_0 and Q6_K"
    qtbot.waitUntil(lambda: not page.jobs.is_running)
    assert len(list(tmp_path.glob("*.gguf"))) == 3
    outcomes = [each.outcome for each in page.jobs.findChildren(DoneCard) if each.isVisible()]
    assert sorted(each.title for each in outcomes) == [
        "small-q4_k_m.gguf is ready",
        "small-q6_k.gguf is ready",
        "small-q8_0.gguf is ready",
    ]
    assert all(len(each.checks) == 3 for each in outcomes)


def test_a_format_that_is_being_made_is_not_made_twice(page, panel, qtbot, tmp_path):
    call_it(panel, "slow.gguf")
    panel.convert.click()
    format_row(page, "Q8_0").mark.click()

    panel.convert.click()

    assert formats_of(page.jobs._queue.waiting) == ["Q8_0"]
    page.jobs.close_jobs()


def test_waiting_jobs_change_places_and_can_be_taken_out(page, panel, qtbot):
    call_it(panel, "slow.gguf")
    panel.convert.click()
    for name in ("Q8_0", "Q6_K"):
        format_row(page, name).click()
        panel.convert.click()
    queue = page.jobs._queue
    assert formats_of(queue.waiting) == ["Q8_0", "Q6_K"]

    queue.move(queue.waiting[1], -1)
    assert formats_of(queue.waiting) == ["Q6_K", "Q8_0"]
    queue.move(queue.waiting[0], -1)  # it is first already
    queue.cancel(queue.waiting[0])

    assert formats_of(queue.waiting) == ["Q8_0"]
    queue.close()


def test_the_same_file_is_not_queued_twice(page, panel):
    call_it(panel, "slow.gguf")
    panel.convert.click()
    panel.convert_asked.emit()

    assert len(page.jobs._queue.jobs) == 1
    page.jobs.close_jobs()


def test_a_file_that_exists_is_replaced_only_after_consent(page, panel, qtbot, tmp_path):
    target = tmp_path / "small-q4_k_m.gguf"
    target.write_text("mine")
    panel.convert.click()
    problem = card(page, ProblemCard)
    assert "exists already" in problem.text
    assert target.read_text() == "mine"

    with qtbot.waitSignal(page.jobs.converted):
        problem.primary.click()

    assert target.read_bytes() == b"GGUF"


def test_a_killed_conversion_can_be_gone_on_with(page, panel, qtbot, tmp_path):
    call_it(panel, "killed.gguf")
    panel.convert.click()
    problem = wait_for(qtbot, page, ProblemCard)
    assert problem.primary.text() == "Go on"

    problem.primary.click()

    qtbot.waitUntil(lambda: page.jobs._queue.jobs[0].state == "running")
    page.jobs.close_jobs()


def test_the_command_for_the_same_can_be_copied_before_and_after(page, panel, qtbot, tmp_path):
    target = Path(tmp_path, "small-q4_k_m.gguf")
    wanted = f"octavo convert /models/small.gguf --to Q4_K_M -o {target}"
    panel.command.click()
    assert QApplication.clipboard().text() == wanted
    QApplication.clipboard().clear()

    with qtbot.waitSignal(page.jobs.converted):
        panel.convert.click()
    card(page, DoneCard).command_asked.emit()

    assert QApplication.clipboard().text() == wanted


def test_what_a_shell_would_take_apart_is_quoted():
    copy = Copy(quantizer="Q8_0", output="o'k.gguf", options={"types": "x=Q8_0"})

    assert command_lines(Convert(path="/a b/m.gguf", copies=[copy])) == (
        "octavo convert '/a b/m.gguf' --to Q8_0 -o 'o'\"'\"'k.gguf' --set types=x=Q8_0"
    )


def test_a_type_for_single_tensors_changes_size_and_command_at_once(page, panel):
    before = page.prospect.prices["Q4_K_M"].file_bytes
    page.formats.open_types()
    window = page.formats.types.window
    window.filter.setText("ffn_down")
    window.table.selectAll()
    window.types.setCurrentText("Q8_0")

    window.give.click()

    assert page.prospect.prices["Q4_K_M"].file_bytes > before
    assert "File" in window._outcome.text()
    panel.command.click()
    assert "--set types='blk.*.ffn_down=Q8_0'" in QApplication.clipboard().text().replace(
        "'types=blk.*.ffn_down=Q8_0'", "types='blk.*.ffn_down=Q8_0'"
    )

    window.reset.click()

    assert page.prospect.prices["Q4_K_M"].file_bytes == before
    window.close()


def test_the_table_of_tensors_says_what_was_chosen(page):
    page.formats.open_types()
    window = page.formats.types.window
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


def test_another_model_forgets_types_of_single_tensors(joined, page):
    page.formats.take_rules("blk.1.ffn_down=Q6_K")
    assert page.formats.choices.changed(page.formats.quantizer) == {"types": "blk.1.ffn_down=Q6_K"}

    joined.workspace.select("/models/folder")

    assert page.formats.choices.changed(page.formats.quantizer) == {}


def test_a_page_that_nobody_sees_is_not_priced(joined, page):
    joined.window.show_named("Models")
    page.prospect.prices = {}

    joined.workspace.memory_changed.emit()
    assert page.prospect.prices == {}

    joined.window.show_named("Convert")
    assert "Q4_K_M" in page.prospect.prices


def test_what_the_conversion_takes_is_said_before_the_start(page, panel, qtbot):
    def facts():
        return {name.text(): value.text() for name, value in panel._facts._labels}

    assert facts()["Estimated time"] == "…"

    qtbot.waitUntil(lambda: facts()["Estimated time"] == "≈3 min")

    assert facts()["Peak memory while converting"] == "310 MB"


def test_the_time_of_several_formats_is_that_of_all_together(page, panel, qtbot):
    format_row(page, "Q8_0").mark.click()

    qtbot.waitUntil(lambda: ("Estimated time, all 2", "≈3 min") in facts_of(panel))


def facts_of(panel):
    return [(name.text(), value.text()) for name, value in panel._facts._labels]


def test_what_stands_in_the_way_is_said_and_nothing_can_start(page, panel, monkeypatch):
    assert panel.convert.isEnabled()
    monkeypatch.setattr("octavo.gui.pages.prospect.room", lambda *_: Room(2 * 10**9, 10**9))

    page._show_outcome()

    assert not panel.convert.isEnabled()
    assert panel._obstacle.text().startswith("Needs 2.0 GB on the disk, 1.0 GB are free.")
    assert panel._obstacle.isVisible()


def test_a_format_that_makes_a_folder_is_named_as_one_and_needs_one(joined, page, panel):
    format_row(page, "AWQ").click()
    assert panel.name.text() == "small-awq"
    assert "this source is a single file" in panel._obstacle.text()

    joined.workspace.select("/models/folder")

    assert panel.name.text() == "folder-awq"
    assert panel._obstacle.text() == ""


def test_a_folder_format_that_is_to_make_a_file_gets_a_files_name(page, panel):
    format_row(page, "AWQ").click()
    page.formats.settings.fold.click()
    (box,) = [each for each in page.formats.settings.findChildren(ChoiceBox) if each.isVisible()]

    box.setCurrentText("gguf")

    assert panel.name.text() == "small-awq.gguf"
    assert panel.convert.isEnabled()


def test_what_is_in_the_queue_cannot_be_put_there_again(page, panel):
    call_it(panel, "slow.gguf")
    panel.convert.click()

    assert not panel.convert.isEnabled()
    assert panel.convert.text().strip() == "Q4_K_M in the queue already"
    format_row(page, "Q8_0").click()
    assert panel.convert.text().strip() == "Add Q8_0 to the queue"
    page.jobs.close_jobs()


def leave_something(folder, name):
    """What a killed conversion leaves."""
    (folder / f"{name}.partial").write_bytes(bytes(4096))
    (folder / f"{name}.journal").write_bytes(b"")
    return folder / name


def test_a_conversion_that_was_killed_is_offered_to_go_on(joined, page, qtbot, tmp_path):
    output = leave_something(tmp_path, "half.gguf")
    Unfinished().note(Begun([Aim(str(output), "Q8_0", {"types": "x=Q8_0"})], "/models/small.gguf", "Small"))

    joined._offer_unfinished()

    problem = card(page, ProblemCard)
    assert "Converting Small to Q8_0 was interrupted." in problem.text
    assert joined.window.navigation._news.text() == "A conversion was interrupted: see Convert."
    with qtbot.waitSignal(page.jobs.converted):
        problem.primary.click()
    assert page.jobs._queue.jobs[0].request.copies[0].options == {"types": "x=Q8_0"}
    assert Unfinished().found() == []


def test_what_a_killed_conversion_left_can_be_removed(joined, page, tmp_path):
    output = leave_something(tmp_path, "half.gguf")
    Unfinished().note(Begun([Aim(str(output), "Q8_0")], "/models/small.gguf", "Small"))
    joined._offer_unfinished()

    card(page, ProblemCard).secondary.click()

    assert list(tmp_path.glob("half*")) == []
    assert card(page, ProblemCard) is None


def test_leftovers_that_nobody_noted_are_offered_for_removal(joined, page, tmp_path):
    leave_something(tmp_path, "strange.gguf")

    joined._offer_unfinished()
    problem = card(page, ProblemCard)
    assert "strange.gguf was never finished" in problem.text
    assert problem.primary.text() == "Remove it"

    problem.primary.click()

    assert list(tmp_path.glob("strange*")) == []


def test_closing_the_window_keeps_the_note_of_what_runs(page, panel, tmp_path, qtbot):
    call_it(panel, "slow.gguf")
    panel.convert.click()
    leave_something(tmp_path, "slow.gguf")

    page.jobs.close_jobs()

    assert [each.outputs for each in Unfinished().found()] == [[str(tmp_path / "slow.gguf")]]
