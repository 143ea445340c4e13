import pytest

from octavo.gui.pricing import price
from octavo.gui.widgets.context_chart import ContextChart
from octavo.gui.widgets.fit_line import FitLine
from octavo.gui.widgets.fit_settings import FitSettings


@pytest.fixture
def page(joined):
    joined.window.show_named("Fit")
    return joined.fit


@pytest.fixture
def settings(page):
    return page.findChild(FitSettings)


def totals(page):
    return {each.name: each.accessibleName() for each in page.findChildren(FitLine) if each.isVisible()}


def test_every_way_to_run_the_model_has_a_bar_and_a_verdict(page):
    shown = totals(page)

    assert {"as it is", "Q4_K_M", "Q8_0"} <= set(shown)
    assert all(said.endswith("runs well") for said in shown.values())


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
    line = next(each for each in page.findChildren(FitLine) if each.name == "Q8_0")

    line.click()

    assert page._sentence.text().startswith("Q8_0: Needs")


def test_the_longest_context_that_runs_well_is_one_click_away(page, settings):
    settings.context.choose(512)

    settings._largest.click()

    assert settings.context.tokens == settings.largest > 512


def test_the_figures_can_be_read_as_a_table(page):
    page._switch.click()
    table = page._table

    assert table.isVisible()
    assert page.findChildren(FitLine)[0].isVisible() is False
    cells = [
        [table.model().index(row, column).data() for column in range(9)]
        for row in range(table.model().rowCount())
    ]
    assert {"As it is", "Q4_K_M", "Q8_0"} < {line[0] for line in cells}
    assert all(line[-1] == "Runs well" and line[6].endswith("MB") for line in cells)


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
