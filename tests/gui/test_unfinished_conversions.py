"""Conversions that were killed, or that the end of the window interrupts."""

from PySide6.QtCore import Qt
from tests.gui.converting import (
    call_it,
    card,
    leave_something,
    question_of,
    wait_for,
)

from octavo.gui.widgets.job_card import JobCard
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.store.unfinished import Aim, Begun, Unfinished


def test_a_killed_conversion_can_be_gone_on_with(convert_page, panel, qtbot, tmp_path):
    leave_something(tmp_path, "killed.gguf")
    call_it(panel, "killed.gguf")
    panel.convert.click()
    problem = wait_for(qtbot, convert_page, ProblemCard)
    assert problem.text.startswith("Converting Small to Q4_K_M ended in the middle.")
    assert "It can go on where it stopped." in problem.text
    assert problem.primary.text() == "Go on"

    problem.primary.click()

    qtbot.waitUntil(lambda: convert_page.jobs._queue.jobs[0].state == "running")
    convert_page.jobs.close_jobs()


def test_a_killed_conversion_is_offered_by_the_next_window_and_a_refused_one_is_not(
    convert_page, panel, qtbot, tmp_path
):
    for name in ("killed.gguf", "damaged.gguf"):
        leave_something(tmp_path, name)
        call_it(panel, name)
        panel.convert.click()
        qtbot.waitUntil(lambda: not convert_page.jobs.is_running)

    assert [each.outputs for each in Unfinished().found()] == [[str(tmp_path / "killed.gguf")]]


def test_a_killed_conversion_that_left_nothing_is_tried_again(convert_page, panel, qtbot):
    call_it(panel, "killed.gguf")
    panel.convert.click()

    problem = wait_for(qtbot, convert_page, ProblemCard)

    assert "Nothing is left of it." in problem.text
    assert problem.primary.text() == "Try again"
    assert problem.secondary.text() == "Leave it"


def test_a_conversion_that_was_killed_is_offered_to_go_on(joined, convert_page, qtbot, tmp_path):
    output = leave_something(tmp_path, "half.gguf")
    Unfinished().note(Begun([Aim(str(output), "Q8_0", {"types": "x=Q8_0"})], "/models/small.gguf", "Small"))

    joined._offer_unfinished()

    problem = card(convert_page, ProblemCard)
    assert "Converting Small to Q8_0 was interrupted." in problem.text
    assert joined.window.navigation._news.text() == "A conversion was interrupted: see Convert."
    joined.window.show_named("Convert")
    assert joined.window.navigation._news.text() == ""
    with qtbot.waitSignal(convert_page.jobs.converted):
        problem.primary.click()
    assert convert_page.jobs._queue.jobs[0].request.copies[0].options == {"types": "x=Q8_0"}
    assert Unfinished().found() == []


def test_what_a_killed_conversion_left_can_be_removed(joined, convert_page, tmp_path):
    output = leave_something(tmp_path, "half.gguf")
    Unfinished().note(Begun([Aim(str(output), "Q8_0")], "/models/small.gguf", "Small"))
    joined._offer_unfinished()

    card(convert_page, ProblemCard).secondary.click()

    assert list(tmp_path.glob("half*")) == []
    assert card(convert_page, ProblemCard) is None


def test_leftovers_that_nobody_noted_are_offered_for_removal(joined, convert_page, tmp_path):
    leave_something(tmp_path, "strange.gguf")

    joined._offer_unfinished()
    problem = card(convert_page, ProblemCard)
    assert "strange.gguf was never finished" in problem.text
    assert problem.primary.text() == "Remove it"

    problem.primary.click()

    assert list(tmp_path.glob("strange*")) == []


def test_closing_the_window_keeps_the_note_of_what_runs(convert_page, panel, tmp_path, qtbot):
    call_it(panel, "slow.gguf")
    panel.convert.click()
    leave_something(tmp_path, "slow.gguf")

    convert_page.jobs.close_jobs()

    assert [each.outputs for each in Unfinished().found()] == [[str(tmp_path / "slow.gguf")]]


def test_closing_the_window_during_a_conversion_asks_first(joined, convert_page, panel, qtbot, tmp_path):
    call_it(panel, "slow.gguf")
    panel.convert.click()
    qtbot.waitUntil(lambda: card(convert_page, JobCard)._share.text() == "75%")

    joined.window.close()
    question = question_of(joined)
    assert " to Q4_K_M is being converted (75% done)." in question.findChildren(Label)[1].text()
    assert question.leave.isDefault()
    qtbot.mouseClick(question.leave, Qt.MouseButton.LeftButton)

    assert joined.window.isVisible()
    assert convert_page.jobs.is_running
    assert question_of(joined) is None


def test_the_window_closes_after_consent_and_the_next_one_offers_to_go_on(
    joined, convert_page, panel, qtbot, tmp_path
):
    call_it(panel, "slow.gguf")
    panel.convert.click()
    leave_something(tmp_path, "slow.gguf")
    joined.window.close()

    with qtbot.waitSignal(joined.window.closing):
        qtbot.mouseClick(question_of(joined).go_on, Qt.MouseButton.LeftButton)
    joined.close()

    assert not joined.window.isVisible()
    assert [each.outputs for each in Unfinished().found()] == [[str(tmp_path / "slow.gguf")]]


def test_a_window_where_nothing_runs_closes_at_once(joined, convert_page):
    joined.window.close()

    assert question_of(joined) is None
    assert not joined.window.isVisible()
