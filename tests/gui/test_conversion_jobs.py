import pytest
from PySide6.QtGui import QGuiApplication
from tests.gui.converting import (
    call_it,
    card,
    format_row,
    formats_of,
    leave_something,
    wait_for,
)

from octavo.gui.conversion_clock import Pace
from octavo.gui.pages.outcome import doing_words
from octavo.gui.widgets.done_card import DoneCard
from octavo.gui.widgets.job_card import JobCard
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.store.ledger import Ledger


def test_a_conversion_ends_in_a_file_that_joins_the_list(joined, convert_page, panel, qtbot, tmp_path):
    with qtbot.waitSignals([convert_page.jobs.converted, joined.workspace.model_changed]):
        panel.convert.click()
        assert card(convert_page, JobCard) is not None

    done = card(convert_page, DoneCard)
    assert (tmp_path / "small-q4_k_m.gguf").exists()
    assert "as predicted, to the byte" in done.accessibleName()
    assert card(convert_page, JobCard) is None
    assert joined.workspace.model(str(tmp_path / "small-q4_k_m.gguf")) is not None


def test_what_a_conversion_took_is_noted_beside_its_forecast(convert_page, panel, qtbot):
    with qtbot.waitSignal(convert_page.jobs.converted):
        panel.convert.click()

    with Ledger() as ledger:
        (seconds,) = ledger.entries("convert_seconds")
        (size,) = ledger.entries("file_bytes")
    assert (seconds.predicted, seconds.measured) == (2.0, 1.5)
    assert (size.predicted, size.measured) == (4, 4)


def test_the_proof_is_shown_with_the_first_word_that_differs(convert_page, panel, qtbot):
    with qtbot.waitSignal(convert_page.jobs.converted):
        panel.convert.click()

    outcome = card(convert_page, DoneCard).outcome
    assert [each.sentence for each in outcome.checks] == [
        "Reopened as a model: 21 tensors, as in the source.",
        "The chat template gives the same prompt as the source's.",
        "Says the same 2 of 3 tokens as the source before another likeliest one comes up.",
    ]
    assert outcome.words == [("Source", "The sea is ", "deep"), ("Copy", "The sea is ", "wide")]
    assert outcome.checksum == "SHA-256 " + "ab" * 32


def test_progress_is_shown_while_it_runs(convert_page, panel, qtbot):
    call_it(panel, "slow.gguf")
    panel.convert.click()
    job = card(convert_page, JobCard)

    qtbot.waitUntil(lambda: job._share.text() == "75%")

    assert job._tensor.text() == "blk.3.ffn_up.weight"
    assert "3 of 4 tensors" in job._pace.text()
    with qtbot.waitSignal(convert_page.jobs.changed):
        job.cancel.click()


@pytest.mark.parametrize("name", ["slow.gguf", "stubborn.gguf"])
def test_cancel_ends_it_whether_the_engine_heeds_or_not(convert_page, panel, qtbot, tmp_path, name):
    call_it(panel, name)
    panel.convert.click()
    job = card(convert_page, JobCard)
    qtbot.waitUntil(lambda: "tensors" in job._pace.text())

    job.cancel.click()

    qtbot.waitUntil(lambda: not convert_page.jobs.is_running)
    assert card(convert_page, ProblemCard) is None
    assert panel.convert.isEnabled()


def test_what_a_killed_child_could_not_clear_away_is_removed_after_a_cancel(
    convert_page, panel, qtbot, tmp_path
):
    call_it(panel, "stubborn.gguf")
    panel.convert.click()
    qtbot.waitUntil(lambda: "tensors" in card(convert_page, JobCard)._pace.text())
    leave_something(tmp_path, "stubborn.gguf")

    card(convert_page, JobCard).cancel.click()

    qtbot.waitUntil(lambda: not convert_page.jobs.is_running)
    assert list(tmp_path.iterdir()) == []


def test_several_formats_are_made_in_one_pass_each_with_its_proof(convert_page, panel, qtbot, tmp_path):
    format_row(convert_page, "Q8_0").mark.click()
    format_row(convert_page, "Q6_K").mark.click()
    assert "3 formats" in panel.convert.text()

    panel.convert.click()

    (job,) = convert_page.jobs._queue.jobs
    assert job.title.endswith(" to Q4_K_M, Q8_0 and Q6_K")
    qtbot.waitUntil(lambda: not convert_page.jobs.is_running)
    assert len(list(tmp_path.glob("*.gguf"))) == 3
    outcomes = [each.outcome for each in convert_page.jobs.findChildren(DoneCard) if each.isVisible()]
    assert sorted(each.title for each in outcomes) == [
        "small-q4_k_m.gguf is ready",
        "small-q6_k.gguf is ready",
        "small-q8_0.gguf is ready",
    ]
    assert all(len(each.checks) == 3 for each in outcomes)


def test_a_format_that_is_being_made_is_not_made_twice(convert_page, panel, qtbot, tmp_path):
    call_it(panel, "slow.gguf")
    panel.convert.click()
    format_row(convert_page, "Q8_0").mark.click()

    panel.convert.click()

    assert formats_of(convert_page.jobs._queue.waiting) == ["Q8_0"]
    convert_page.jobs.close_jobs()


def test_waiting_jobs_change_places_and_can_be_taken_out(convert_page, panel, qtbot):
    call_it(panel, "slow.gguf")
    panel.convert.click()
    for name in ("Q8_0", "Q6_K"):
        format_row(convert_page, name).click()
        panel.convert.click()
    queue = convert_page.jobs._queue
    assert formats_of(queue.waiting) == ["Q8_0", "Q6_K"]

    queue.move(queue.waiting[1], -1)
    assert formats_of(queue.waiting) == ["Q6_K", "Q8_0"]
    queue.move(queue.waiting[0], -1)  # it is first already
    queue.cancel(queue.waiting[0])

    assert formats_of(queue.waiting) == ["Q8_0"]
    queue.close()


def test_the_same_file_is_not_queued_twice(convert_page, panel):
    call_it(panel, "slow.gguf")
    panel.convert.click()
    panel.convert_asked.emit()

    assert len(convert_page.jobs._queue.jobs) == 1
    convert_page.jobs.close_jobs()


def test_a_file_that_exists_is_replaced_only_after_consent(convert_page, panel, qtbot, tmp_path):
    target = tmp_path / "small-q4_k_m.gguf"
    target.write_text("mine")
    panel.convert.click()
    problem = card(convert_page, ProblemCard)
    assert "exists already" in problem.text
    assert target.read_text() == "mine"

    with qtbot.waitSignal(convert_page.jobs.converted):
        problem.primary.click()

    assert target.read_bytes() == b"GGUF"


def test_damaged_weights_become_0_only_where_people_want_to_convert_anyway(
    convert_page, panel, qtbot, tmp_path
):
    call_it(panel, "damaged.gguf")
    panel.convert.click()
    problem = wait_for(qtbot, convert_page, ProblemCard)
    assert "blk.3.ffn_up.weight" in problem.text
    assert "such weights become 0" in problem.text
    assert "--allow-damaged" not in problem.text
    assert problem.primary.text() == "Convert anyway"

    with qtbot.waitSignal(convert_page.jobs.converted):
        problem.primary.click()

    card(convert_page, DoneCard).command_asked.emit()
    assert QGuiApplication.clipboard().text().endswith("--allow-damaged")


def test_what_is_in_the_queue_cannot_be_put_there_again(convert_page, panel):
    call_it(panel, "slow.gguf")
    panel.convert.click()

    assert not panel.convert.isEnabled()
    assert panel.convert.text().strip() == "Q4_K_M in the queue already"
    format_row(convert_page, "Q8_0").click()
    assert panel.convert.text().strip() == "Add Q8_0 to the queue"
    convert_page.jobs.close_jobs()


def test_what_is_no_tensor_is_told_in_a_sentence():
    shown = JobCard()
    assert doing_words(Pace(0.1, "blk.3.ffn_up.weight", 1, 4, 0.0, None)) == ""
    doing = doing_words(Pace(0.1, "calibrate layer 3", 1, 4, 0.0, None))

    shown.show_progress(0.1, "calibrate layer 3", "", "", doing)

    assert doing == "Calibrating on text, layer 3"

    assert (shown._doing.isHidden(), shown._tensor.isHidden()) == (False, True)
