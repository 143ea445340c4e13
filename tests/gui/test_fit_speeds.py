"""The Fit page once it is known how fast this computer is."""

import dataclasses

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from tests.gui.fitting import choose, figures, totals

from octavo.gui.pages.fit_circumstances import ms, seconds
from octavo.gui.widgets.explained_figure import ExplainedFigure
from octavo.store.ledger import LedgerEntry


@pytest.fixture
def probed(joined, fit_page, qtbot):
    """The page once this computer's speed is known."""
    workspace = joined.workspace
    qtbot.waitUntil(lambda: workspace.n_threads in workspace.speeds)
    qtbot.waitUntil(lambda: "Q4_K" in workspace.speeds[workspace.n_threads].kinds)
    return fit_page


def test_a_computer_that_was_busy_while_it_was_timed_is_said_to_be(joined, probed):
    n_threads = joined.workspace.n_threads
    found = joined.workspace.speeds[n_threads]

    joined.workspace.keep_speeds(dataclasses.replace(found, busy=0.6))

    assert figures(probed)["Answers"].note == "timed on a busy computer"
    assert "other programs used 60% of the processor" in figures(probed)["Answers"].explanation


def test_speeds_are_measured_in_the_background_once_the_page_is_shown(joined, probed):
    assert figures(probed)["Answers"].note == "timed on this computer"
    assert figures(probed)["Prompts"].value.endswith("tok/s")
    assert "tok/s" in totals(probed)["Q8_0"]


def test_until_then_speed_is_called_an_estimate(joined, fit_page):
    joined.workspace._keep_bandwidth(2e10)

    assert figures(fit_page)["Answers"].note == "estimated from memory speed"
    assert figures(fit_page)["Loading"].value == "—"


def test_the_speed_of_answers_is_explained_with_both_times_and_how_they_overlap(probed, fit_settings):
    fit_settings.chat.choose(1024)
    found = next(each for each in probed._rows if each.quantizer == "as it is").speed
    explanation = figures(probed)["Answers"].explanation

    assert f"{ms(found.weights.memory_seconds)} from memory" in explanation
    assert f"{ms(found.weights.kernel_seconds)} of computing" in explanation
    assert f"overlap to {ms(found.weights.together)}" in explanation
    assert f"{ms(found.cache.together)} together" in explanation


def test_fewer_threads_are_slower(joined, probed, fit_settings):
    fit_settings._threads._slider.setMaximum(2)
    fit_settings._threads.choose(2)
    fast = probed._rows[0].tokens_per_second
    fit_settings._threads.choose(1)

    assert probed._rows[0].tokens_per_second < fast


def test_a_long_chat_slows_answers_and_a_long_prompt_delays_the_first_word(probed, fit_settings):
    first, answers = figures(probed)["First"], figures(probed)["Answers"]
    assert first.name == "First word after 512 tokens"

    fit_settings.prompt.choose(4096)
    assert figures(probed)["First"].name == "First word after 4,096 tokens"
    fit_settings.chat.choose(4096)
    assert figures(probed)["Answers"].name == "Answers at 4,096 tokens"
    assert float(figures(probed)["Answers"].value.split(" ")[0].replace(",", "")) < float(
        answers.value.split(" ")[0].replace(",", "")
    )


def test_the_ledger_tells_how_good_a_speed_is(joined, probed):
    records = joined._records
    for measured in (95.0, 100.0, 104.0):
        records._ledger.record(LedgerEntry("tokens_per_second", "demo", 100.0, measured))
    records._bands = None
    records.noted.emit()

    found = figures(probed)["Answers"]
    assert found.note == "±5 %, 3 replies"
    assert "nine in ten were within 5 %" in found.explanation


def test_pointing_at_a_figure_explains_it_and_a_click_copies_it(probed, fit_settings):
    shown = next(each for each in probed.findChildren(ExplainedFigure) if each.figure.name == "Memory in all")

    shown.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(shown, Qt.Key.Key_Space)

    assert "KV cache" in probed._figures._explanation.text()
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith(f"Memory in all: {shown.figure.value} (counted)\nWeights")
    assert "Press to copy" in shown.accessibleDescription()


def test_all_figures_are_copied_at_once(probed):
    probed._figures.copy_all()

    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("Small (BF16), as it is: runs well. Needs ")
    assert " tokens in f16, " in copied.splitlines()[1]
    assert all(name in copied for name in ("Memory in all", "Answers", "Loading", "Largest safe context"))


def test_the_time_of_a_conversion_is_told(probed, qtbot):
    choose(probed, "Q8_0")

    qtbot.waitUntil(lambda: figures(probed)["Converting"].value == "3 min 20 s")
    assert "310 MB of memory" in figures(probed)["Converting"].explanation


def test_measuring_again_is_one_click(joined, probed, fit_settings, qtbot):
    joined.workspace.speeds.clear()

    fit_settings._measure.click()
    assert not fit_settings._measure.isEnabled()

    qtbot.waitUntil(lambda: bool(joined.workspace.speeds) and fit_settings._measure.isEnabled())


@pytest.mark.parametrize(
    ("value", "text"), [(0.004, "4 ms"), (0.24, "0.24 s"), (3.14, "3.1 s"), (72.0, "1 min 12 s")]
)
def test_short_times_are_told_exactly(value, text):
    assert seconds(value) == text
