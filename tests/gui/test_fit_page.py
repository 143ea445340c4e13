import dataclasses

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tests.gui.fitting import choose, totals

from octavo.engine.measure.figures import Figure as Measured
from octavo.engine.measure.figures import Figures, Measurement
from octavo.gui.measurer import Wish
from octavo.gui.pages.fit_words import nothing_words
from octavo.gui.pricing import price
from octavo.gui.widgets.context_chart import ContextChart
from octavo.gui.widgets.fit_line import FitLine
from octavo.gui.widgets.quality_chart import QualityChart


def test_every_way_to_run_the_model_has_a_bar_and_a_verdict(fit_page):
    shown = totals(fit_page)

    assert {"as it is", "Q4_K_M", "Q8_0"} <= set(shown)
    assert all(said.endswith("runs well") for said in shown.values())


def test_the_model_as_it_is_is_chosen_at_first(fit_page):
    assert fit_page._formats.name == "as it is"


def test_where_there_is_no_model_nothing_is_shown_of_another(joined, fit_page):
    workspace = joined.workspace
    path = workspace.selected_path
    assert fit_page._chosen_card.isVisible()

    workspace._models[path] = dataclasses.replace(
        workspace._models[path], card=None, problem="It is cut off."
    )
    workspace.model_changed.emit(path)

    shown = (
        fit_page._settings,
        fit_page._chosen_card,
        fit_page._charts,
        fit_page._graphics_card,
        fit_page._simulated,
    )
    assert not any(each.isVisible() for each in shown)
    assert fit_page._formats._sentence.text().endswith(": It is cut off.")
    assert nothing_words(None).startswith("Choose a model")


def test_the_tab_key_goes_through_the_bars_before_what_stands_below_them(fit_page):
    order, widget = [], fit_page._formats._switch
    while widget is not fit_page._charts._which._buttons["memory"]:
        widget = widget.nextInFocusChain()
        order.append(widget)

    lines = [each for each in order if isinstance(each, FitLine)]
    assert [each.name for each in lines] == [each.quantizer for each in fit_page._rows]


def test_the_menu_offers_every_model_that_has_been_read(joined, fit_page):
    fit_page._menu.aboutToShow.emit()

    assert [each.text() for each in fit_page._menu.actions()][:2] == ["Small · BF16", "Folder · BF16"]


def test_a_longer_context_needs_more_at_once(fit_page, fit_settings):
    fit_settings.context.choose(512)
    short = totals(fit_page)
    fit_settings.context.choose(4096)

    assert totals(fit_page) != short


def test_an_8_bit_cache_changes_the_price(fit_page, fit_settings):
    before = totals(fit_page)
    fit_settings._kv._buttons["q8_0"].click()

    assert totals(fit_page) != before


def test_the_chart_says_its_figures(fit_page):
    said = fit_page.findChild(ContextChart).accessibleName()

    assert "Q4_K_M" in said
    assert "Free 8.0 GB" in said


def test_choosing_a_line_tells_why(fit_page):
    choose(fit_page, "Q8_0")

    assert fit_page._formats._sentence.text().startswith("Q8_0: Needs")
    assert fit_page._chosen_title.text() == "Q8_0: runs well"


def test_the_longest_context_that_runs_well_is_one_click_away(fit_page, fit_settings):
    fit_settings.context.choose(512)

    fit_settings._largest.click()

    assert fit_settings.context.tokens == fit_settings.largest > 512


def test_the_figures_can_be_read_as_a_table(fit_page):
    fit_page._formats._switch.click()
    table = fit_page._formats._table

    assert table.isVisible()
    assert fit_page.findChildren(FitLine)[0].isVisible() is False
    cells = [
        [table.model().index(row, column).data() for column in range(table.model().columnCount())]
        for row in range(table.model().rowCount())
    ]
    assert {"As it is", "Q4_K_M", "Q8_0"} < {line[0] for line in cells}
    assert all(line[1] == "Runs well" and line[2].endswith("MB") for line in cells)


def test_the_keyboard_chooses_a_format_in_the_table(fit_page):
    fit_page._formats._switch.click()
    table = fit_page._formats._table
    names = [table.model().index(row, 0).data() for row in range(table.model().rowCount())]
    table.setCurrentIndex(table.model().index(names.index("Q6_K"), 0))

    QTest.keyClick(table, Qt.Key.Key_Down)

    chosen = names[names.index("Q6_K") + 1]
    assert fit_page._formats.name.lower() == chosen.lower()
    assert fit_page._chosen_title.text().startswith(chosen)


def test_the_table_follows_the_slider(fit_page, fit_settings):
    fit_page._formats._switch.click()
    memory = fit_page._formats._table.model().index(0, 2)
    before = memory.data()

    fit_settings.context.choose(512)

    assert memory.data() != before


def test_another_setting_does_not_move_the_slider(joined, fit_page, fit_settings):
    fit_settings.context.choose(1024)
    tokens = fit_settings.context.tokens

    joined.workspace.change_settings(temperature=1.0)

    assert fit_settings.context.tokens == tokens


def test_the_curve_of_each_format_is_what_it_costs_at_each_context(joined, fit_page):
    card = joined.workspace.selected_model.card
    tokens = [each for each, _ in fit_page._curves["Q8_0"]]
    for context in (tokens[0], tokens[6], tokens[-1]):
        rows = price(card, joined.workspace, joined.workspace.host.quantizers(), context_tokens=context)
        found = {name: dict(points)[context] for name, points in fit_page._curves.items()}
        assert found == {each.quantizer: each.total_bytes for each in rows}


def test_imagined_memory_is_marked_and_there_is_a_way_back(fit_page, fit_settings):
    assert not fit_page._simulated.isVisible()
    fit_settings.what_if._ram.setValue(9)

    assert fit_page._simulated.isVisible()
    assert fit_page.about.text() == "As if: 1.0 GB of 9.0 GB free, other programs hold 8.0 GB."
    assert "1.0 GB free" in fit_page._formats._sentence.text()
    fit_settings.what_if._back.click()

    assert not fit_page._simulated.isVisible()
    assert fit_page.about.text().startswith("8.0 GB of 16.0 GB free")


def test_a_graphics_card_is_for_other_programs_and_shows_its_formula(fit_page, fit_settings):
    assert not fit_page._graphics_card.isVisible()
    fit_settings.what_if._vram.setValue(24)

    (found,) = fit_page._graphics.figures
    assert fit_page._graphics_card.isVisible()
    assert found.value == "all 3 layers"
    assert "llama.cpp takes the layers that fit (-ngl 3)" in found.explanation
    assert "vLLM takes a model whole or not at all" in found.explanation
    assert "buffers" in found.explanation


def test_several_graphics_cards_are_shown_alone_and_together(fit_page, fit_settings):
    assert not fit_settings.what_if._cards.isEnabled()
    fit_settings.what_if._vram.setValue(24)
    fit_settings.what_if._cards.setValue(2)

    found = fit_page._graphics.figures
    assert [each.name for each in found] == ["Graphics card 1", "Graphics card 2", "2 cards together"]
    assert "shared by what is free" in found[-1].explanation

    fit_settings.what_if._back.click()
    assert fit_settings.what_if.n_cards == 1
    assert not fit_page._graphics_card.isVisible()


def test_what_the_loaded_model_takes_is_free_for_the_next(joined, fit_page):
    joined.workspace.show_loaded(10**9)

    assert fit_page.about.text().startswith("9.0 GB of 16.0 GB free")


def test_what_was_measured_of_quality_is_a_picture(joined, fit_page, tmp_path, monkeypatch):
    path = joined.workspace.selected_path
    kl, top = Measured(0.02, 0.015, 0.025), Measured(0.95, 0.94, 0.96)
    found = Figures(4, 1024, Measured(9.0, 8.0, 10.0), mean_kl=kl, same_top_1=top)
    known = {Wish(path, "Q8_0").made: Measurement(found, path, "Q8_0", path, 10, "text", 1024, 256, 0, 0.1)}
    monkeypatch.setattr(joined._measurer, "known", lambda _: known)
    fit_page._charts._forget()

    fit_page._charts._which._buttons["quality"].click()
    fit_page._show_prices()

    assert "Q8_0" in fit_page._charts.findChild(QualityChart).accessibleName()
    assert "1,024 tokens" in fit_page._charts._about.text()


def test_measuring_quality_leads_to_the_convert_page(joined, fit_page):
    fit_page._charts._which._buttons["quality"].click()
    fit_page._charts._measure.click()

    assert joined.window.page_name == "Convert"
