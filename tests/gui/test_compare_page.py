"""The Compare page: two answers beside each other, the parting marked, and a vote in the dark."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from octavo.gui.widgets.button import Button
from octavo.gui.widgets.done_card import DoneCard
from octavo.gui.widgets.marked_text import DOTTED, PARTING
from octavo.store.comparisons import Comparisons
from octavo.store.library import ModelEntry
from octavo.worker.protocol import Convert, Copy


@pytest.fixture
def page(joined, qtbot, tmp_path):
    """The page with two real (empty) files chosen; votes are kept for files that exist."""
    paths = [str(tmp_path / name) for name in ("original.gguf", "copy.gguf")]
    for each in paths:
        Path(each).write_bytes(b"GGUF")
    with qtbot.waitSignals([joined.workspace.model_changed] * 2):
        joined.workspace.show_library(
            [ModelEntry(path=path, source="Folder", name=path, bytes=4) for path in paths]
        )
    joined.window.show_named("Compare")
    joined.window.activateWindow()
    qtbot.waitUntil(joined.window.isActiveWindow)
    joined.compare.compare(*paths)
    joined.compare.paths = paths
    return joined.compare


def ask(page, qtbot, prompt="How is the weather?"):
    page.bar.write(prompt)
    with qtbot.waitSignal(page._comparer.compared):
        page.bar.compare.click()


def looks(page, place):
    return {each.look: each.text for each in page.columns[place].text.stretches}


def test_both_answers_stand_beside_each_other_with_the_parting_marked(page, qtbot):
    ask(page, qtbot)

    assert [each.text.text for each in page.columns] == ["It rains often", "It snows today"]
    assert looks(page, 0)[PARTING] == "rains"
    assert looks(page, 1)[PARTING] == "snows"
    assert looks(page, 0)[DOTTED] == "often"
    assert 'F16 says "rains" (60 %; Q4_K_M gives it 30 %)' in page.result.text
    assert "1 of 3 places" in page.result.text
    assert "12 tok/s · 3 tokens" in page.columns[0].figures


def test_a_mark_tells_the_probabilities(page, qtbot):
    ask(page, qtbot)

    tips = [each.tip for each in page.columns[0].text.stretches if each.tip]
    assert tips[0].splitlines() == ['"rains": F16 60 %, Q4_K_M 30 %', '"snows": F16 20 %, Q4_K_M 50 %']
    assert tips[1] == 'Q4_K_M would rather say "much"; it gives this 40 %.'


def test_the_answers_show_while_they_come(page, qtbot):
    page.bar.write("wait")
    page.bar.compare.click()
    qtbot.waitUntil(lambda: page.columns[0].text.text == "It rains often")
    qtbot.waitUntil(lambda: page.columns[1].figures == "Loading 50%")

    with qtbot.waitSignal(page._comparer.failed):
        QTest.keyClick(page.window(), Qt.Key.Key_Escape)

    assert page.columns[0].text.text == "It rains often"
    assert page.columns[0].figures == "Stopped"
    assert page.bar.compare.isVisible()
    assert page.bar.edit.toPlainText() == "wait"
    assert not page.problem.isVisible()


@pytest.mark.parametrize(("prompt", "said"), [("die", "stopped"), ("huge", "needs 9 GB")])
def test_what_goes_wrong_is_a_sentence_and_the_prompt_stays(page, qtbot, prompt, said):
    page.bar.write(prompt)
    with qtbot.waitSignal(page._comparer.failed):
        page.bar.compare.click()

    assert said in page.problem.text
    assert page.bar.edit.toPlainText() == prompt
    assert page.problem.primary.text() == "Try again"


def test_a_blind_vote_hides_the_models_until_it_is_cast(page, qtbot, monkeypatch):
    monkeypatch.setattr("random.SystemRandom.sample", lambda self, these, n: [1, 0])
    page.bar.blind.setChecked(True)
    ask(page, qtbot)

    assert [each._name.text() for each in page.columns] == ["Answer X", "Answer Y"]
    assert [each.text.text for each in page.columns] == ["It snows today", "It rains often"]
    assert all(not each.figures and set(looks(page, n)) == {"plain"} for n, each in enumerate(page.columns))
    assert "F16" not in page.result.text
    assert page.result.ballot.isVisible()

    page.result.ballot.buttons["left"].click()

    assert page.columns[0]._about.text().endswith("copy.gguf")
    assert looks(page, 0)[PARTING] == "snows"
    assert "You chose the answer of Q4_K_M." in page.result.text
    assert "Q4_K_M was preferred 1 of 1 times" in page.result.text
    assert "not yet distinguishable" in page.result.text
    assert not page.result.ballot.isVisible()
    assert Comparisons().tally(*map(Path, page.paths)).second == 1


def test_nothing_of_a_blind_answer_shows_before_both_are_there(page, qtbot):
    page.bar.blind.setChecked(True)
    page.bar.write("wait")
    page.bar.compare.click()
    qtbot.waitUntil(lambda: "3 of at most 256 tokens" in page.result.text)

    assert [each.text.text + each.figures for each in page.columns] == ["", ""]
    with qtbot.waitSignal(page._comparer.failed):
        page.bar.stop.click()


def test_a_vote_can_be_cast_with_the_keyboard(page, qtbot):
    page.bar.blind.setChecked(True)
    ask(page, qtbot)
    QTest.keyClick(page.result.ballot, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)

    assert "You chose a tie." in page.result.text
    assert Comparisons().tally(*map(Path, page.paths)).ties == 1


def test_the_same_answer_twice_is_not_voted_on(page, qtbot):
    page.bar.blind.setChecked(True)
    ask(page, qtbot, "same")

    assert not page.result.ballot.isVisible()
    assert "Both say the same 3 tokens." in page.result.text


def test_switching_blind_off_reveals_without_a_vote(page, qtbot):
    page.bar.blind.setChecked(True)
    ask(page, qtbot)
    page.bar.blind.setChecked(False)

    assert "F16" in page.result.text
    assert "You chose" not in page.result.text


def test_earlier_comparisons_come_back(page, qtbot):
    assert not page.shelf._button.isEnabled()
    ask(page, qtbot, "the first question")
    ask(page, qtbot, "same")
    assert "Both say the same" in page.result.text

    page.shelf.menu.aboutToShow.emit()
    page.shelf.menu.actions()[1].trigger()

    assert page.bar.edit.toPlainText() == "the first question"
    assert looks(page, 1)[PARTING] == "snows"


def test_the_pair_is_remembered_when_it_is_chosen_again(page, qtbot):
    ask(page, qtbot)
    page.compare(*reversed(page.paths))
    assert page.columns[0].text.text == ""

    page.compare(*page.paths)

    assert page.columns[0].text.text == "It rains often"


def test_without_a_second_model_the_likeliest_partner_is_offered(page):
    page.compare(page.paths[1])

    assert page._paths == [page.paths[1], page.paths[0]]


def test_a_model_can_be_changed_in_its_column(page):
    page.columns[1].chosen.emit(page.paths[0])

    assert page._paths == [page.paths[0]] * 2


def test_leaving_the_page_gives_the_memory_back(joined, page, qtbot):
    ask(page, qtbot)
    assert page._comparer._engine.is_running
    joined.window.show_named("Chat")

    assert not page._comparer._engine.is_running


def test_the_models_page_leads_here(joined, page):
    joined.window.show_named("Models")
    joined.workspace.select(page.paths[1])
    joined.models._details.compare_asked.emit()

    assert joined.window.page_name == "Compare"
    assert page._paths == [page.paths[1], page.paths[0]]


def test_a_finished_conversion_leads_here(joined, page, qtbot, tmp_path):
    output = tmp_path / "made.gguf"
    with qtbot.waitSignal(joined.convert.jobs.converted):
        request = Convert(path=page.paths[0], copies=[Copy(quantizer="Q8_0", output=str(output))])
        joined.convert.jobs.start(request, "original")
    (done,) = joined.convert.jobs.findChildren(DoneCard)
    (compare,) = (each for each in done.findChildren(Button) if each.text().strip() == "Compare")
    compare.click()

    assert joined.window.page_name == "Compare"
    assert page._paths == [page.paths[0], str(output)]
    qtbot.waitUntil(lambda: "made.gguf" in page.columns[1]._about.text())
