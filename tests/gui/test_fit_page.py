import dataclasses

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from octavo.engine.measure.figures import Figure as Measured
from octavo.engine.measure.figures import Figures, Measurement
from octavo.gui.measurer import Wish
from octavo.gui.pages.fit_circumstances import ms, seconds
from octavo.gui.pages.fit_words import nothing_words
from octavo.gui.pricing import price
from octavo.gui.widgets.context_chart import ContextChart
from octavo.gui.widgets.explained_figure import ExplainedFigure
from octavo.gui.widgets.fit_line import FitLine
from octavo.gui.widgets.fit_settings import FitSettings
from octavo.gui.widgets.quality_chart import QualityChart
from octavo.store.ledger import LedgerEntry


@pytest.fixture
def page(joined, qtbot):
    joined.window.show_named("Fit")
    return joined.fit


@pytest.fixture
def settings(page):
    return page.findChild(FitSettings)


@pytest.fixture
def probed(joined, page, qtbot):
    """The page once this computer's speed is known."""
    workspace = joined.workspace
    qtbot.waitUntil(lambda: workspace.n_threads in workspace.speeds)
    qtbot.waitUntil(lambda: "Q4_K" in workspace.speeds[workspace.n_threads].kinds)
    return page


def totals(page):
    return {each.name: each.accessibleName() for each in page.findChildren(FitLine) if each.isVisible()}


def figures(page):
    return {each.name.split(" ")[0]: each for each in page._figures.figures}


def choose(page, name):
    next(each for each in page.findChildren(FitLine) if each.name == name).click()


def test_every_way_to_run_the_model_has_a_bar_and_a_verdict(page):
    shown = totals(page)

    assert {"as it is", "Q4_K_M", "Q8_0"} <= set(shown)
    assert all(said.endswith("runs well") for said in shown.values())


def test_the_model_as_it_is_is_chosen_at_first(page):
    assert page._formats.name == "as it is"


def test_where_there_is_no_model_nothing_is_shown_of_another(joined, page):
    workspace = joined.workspace
    path = workspace.selected_path
    assert page._chosen_card.isVisible()

    workspace._models[path] = dataclasses.replace(
        workspace._models[path], card=None, problem="It is cut off."
    )
    workspace.model_changed.emit(path)

    shown = (page._settings, page._chosen_card, page._charts, page._graphics_card, page._simulated)
    assert not any(each.isVisible() for each in shown)
    assert page._formats._sentence.text().endswith(": It is cut off.")
    assert nothing_words(None).startswith("Choose a model")


def test_the_tab_key_goes_through_the_bars_before_what_stands_below_them(page):
    order, widget = [], page._formats._switch
    while widget is not page._charts._which._buttons["memory"]:
        widget = widget.nextInFocusChain()
        order.append(widget)

    lines = [each for each in order if isinstance(each, FitLine)]
    assert [each.name for each in lines] == [each.quantizer for each in page._rows]


def test_the_menu_offers_every_model_that_has_been_read(joined, page):
    page._menu.aboutToShow.emit()

    assert [each.text() for each in page._menu.actions()][:2] == ["Small · BF16", "Folder · BF16"]


def test_a_longer_context_needs_more_at_once(page, settings):
    settings.context.choose(512)
    short = totals(page)
    settings.context.choose(4096)

    assert totals(page) != short


def test_an_8_bit_cache_changes_the_price(page, settings):
    before = totals(page)
    settings._kv._buttons["q8_0"].click()

    assert totals(page) != before


def test_the_chart_says_its_figures(page):
    said = page.findChild(ContextChart).accessibleName()

    assert "Q4_K_M" in said
    assert "Free 8.0 GB" in said


def test_choosing_a_line_tells_why(page):
    choose(page, "Q8_0")

    assert page._formats._sentence.text().startswith("Q8_0: Needs")
    assert page._chosen_title.text() == "Q8_0: runs well"


def test_the_longest_context_that_runs_well_is_one_click_away(page, settings):
    settings.context.choose(512)

    settings._largest.click()

    assert settings.context.tokens == settings.largest > 512


def test_the_figures_can_be_read_as_a_table(page):
    page._formats._switch.click()
    table = page._formats._table

    assert table.isVisible()
    assert page.findChildren(FitLine)[0].isVisible() is False
    cells = [
        [table.model().index(row, column).data() for column in range(table.model().columnCount())]
        for row in range(table.model().rowCount())
    ]
    assert {"As it is", "Q4_K_M", "Q8_0"} < {line[0] for line in cells}
    assert all(line[1] == "Runs well" and line[2].endswith("MB") for line in cells)


def test_the_keyboard_chooses_a_format_in_the_table(page):
    page._formats._switch.click()
    table = page._formats._table
    names = [table.model().index(row, 0).data() for row in range(table.model().rowCount())]
    table.setCurrentIndex(table.model().index(names.index("Q6_K"), 0))

    QTest.keyClick(table, Qt.Key.Key_Down)

    chosen = names[names.index("Q6_K") + 1]
    assert page._formats.name.lower() == chosen.lower()
    assert page._chosen_title.text().startswith(chosen)


def test_a_computer_that_was_busy_while_it_was_timed_is_said_to_be(joined, probed):
    n_threads = joined.workspace.n_threads
    found = joined.workspace.speeds[n_threads]

    joined.workspace.keep_speeds(dataclasses.replace(found, busy=0.6))

    assert figures(probed)["Answers"].note == "timed on a busy computer"
    assert "other programs used 60% of the processor" in figures(probed)["Answers"].explanation


def test_the_table_follows_the_slider(page, settings):
    page._formats._switch.click()
    memory = page._formats._table.model().index(0, 2)
    before = memory.data()

    settings.context.choose(512)

    assert memory.data() != before


def test_another_setting_does_not_move_the_slider(joined, page, settings):
    settings.context.choose(1024)
    tokens = settings.context.tokens

    joined.workspace.change_settings(temperature=1.0)

    assert settings.context.tokens == tokens


def test_the_curve_of_each_format_is_what_it_costs_at_each_context(joined, page):
    card = joined.workspace.selected_model.card
    tokens = [each for each, _ in page._curves["Q8_0"]]
    for context in (tokens[0], tokens[6], tokens[-1]):
        rows = price(card, joined.workspace, joined.workspace.host.quantizers(), context_tokens=context)
        found = {name: dict(points)[context] for name, points in page._curves.items()}
        assert found == {each.quantizer: each.total_bytes for each in rows}


def test_speeds_are_measured_in_the_background_once_the_page_is_shown(joined, probed):
    assert figures(probed)["Answers"].note == "timed on this computer"
    assert figures(probed)["Prompts"].value.endswith("tok/s")
    assert "tok/s" in totals(probed)["Q8_0"]


def test_until_then_speed_is_called_an_estimate(joined, page):
    joined.workspace._keep_bandwidth(2e10)

    assert figures(page)["Answers"].note == "estimated from memory speed"
    assert figures(page)["Loading"].value == "—"


def test_the_speed_of_answers_is_explained_with_both_times_and_how_they_overlap(probed, settings):
    settings.chat.choose(1024)
    found = next(each for each in probed._rows if each.quantizer == "as it is").speed
    explanation = figures(probed)["Answers"].explanation

    assert f"{ms(found.weights.memory_seconds)} from memory" in explanation
    assert f"{ms(found.weights.kernel_seconds)} of computing" in explanation
    assert f"overlap to {ms(found.weights.together)}" in explanation
    assert f"{ms(found.cache.together)} together" in explanation


def test_fewer_threads_are_slower(joined, probed, settings):
    settings._threads._slider.setMaximum(2)
    settings._threads.choose(2)
    fast = probed._rows[0].tokens_per_second
    settings._threads.choose(1)

    assert probed._rows[0].tokens_per_second < fast


def test_a_long_chat_slows_answers_and_a_long_prompt_delays_the_first_word(probed, settings):
    first, answers = figures(probed)["First"], figures(probed)["Answers"]
    assert first.name == "First word after 512 tokens"

    settings.prompt.choose(4096)
    assert figures(probed)["First"].name == "First word after 4,096 tokens"
    settings.chat.choose(4096)
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


def test_pointing_at_a_figure_explains_it_and_a_click_copies_it(probed, settings):
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
    assert all(name in copied for name in ("Memory in all", "Answers", "Loading", "Largest safe context"))


def test_the_time_of_a_conversion_is_told(probed, qtbot):
    choose(probed, "Q8_0")

    qtbot.waitUntil(lambda: figures(probed)["Converting"].value == "3 min 20 s")
    assert "310 MB of memory" in figures(probed)["Converting"].explanation


def test_imagined_memory_is_marked_and_there_is_a_way_back(page, settings):
    assert not page._simulated.isVisible()
    settings.what_if._ram.setValue(9)

    assert page._simulated.isVisible()
    assert page.about.text() == "As if: 1.0 GB of 9.0 GB free, other programs hold 8.0 GB."
    assert "1.0 GB free" in page._formats._sentence.text()
    settings.what_if._back.click()

    assert not page._simulated.isVisible()
    assert page.about.text().startswith("8.0 GB of 16.0 GB free")


def test_a_graphics_card_is_for_other_programs_and_shows_its_formula(page, settings):
    assert not page._graphics_card.isVisible()
    settings.what_if._vram.setValue(24)

    (found,) = page._graphics.figures
    assert page._graphics_card.isVisible()
    assert found.value == "all 3 layers"
    assert "llama.cpp or vLLM" in found.explanation
    assert "buffers" in found.explanation


def test_what_the_loaded_model_takes_is_free_for_the_next(joined, page):
    joined.workspace.show_loaded(10**9)

    assert page.about.text().startswith("9.0 GB of 16.0 GB free")


def test_what_was_measured_of_quality_is_a_picture(joined, page, tmp_path, monkeypatch):
    path = joined.workspace.selected_path
    kl, top = Measured(0.02, 0.015, 0.025), Measured(0.95, 0.94, 0.96)
    found = Figures(4, 1024, Measured(9.0, 8.0, 10.0), mean_kl=kl, same_top_1=top)
    known = {Wish(path, "Q8_0").made: Measurement(found, path, "Q8_0", path, 10, "text", 1024, 256, 0, 0.1)}
    monkeypatch.setattr(joined._measurer, "known", lambda _: known)
    page._charts._forget()

    page._charts._which._buttons["quality"].click()
    page._show_prices()

    assert "Q8_0" in page._charts.findChild(QualityChart).accessibleName()
    assert "1,024 tokens" in page._charts._about.text()


def test_measuring_quality_leads_to_the_convert_page(joined, page):
    page._charts._which._buttons["quality"].click()
    page._charts._measure.click()

    assert joined.window.page_name == "Convert"


def test_measuring_again_is_one_click(joined, probed, settings, qtbot):
    joined.workspace.speeds.clear()

    settings._measure.click()
    assert not settings._measure.isEnabled()

    qtbot.waitUntil(lambda: bool(joined.workspace.speeds) and settings._measure.isEnabled())


@pytest.mark.parametrize(
    ("value", "text"), [(0.004, "4 ms"), (0.24, "0.24 s"), (3.14, "3.1 s"), (72.0, "1 min 12 s")]
)
def test_short_times_are_told_exactly(value, text):
    assert seconds(value) == text
