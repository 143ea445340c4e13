"""What the first showing of the Fit page would wait for is done before, while another page is on view."""

from octavo.gui.widgets.explained_figure import ExplainedFigure
from octavo.gui.widgets.fit_line import FitLine


def test_the_page_is_prepared_while_another_is_on_view(joined, qtbot):
    page = joined.fit
    assert not page.isVisible()
    qtbot.waitUntil(lambda: joined.workspace.selected_model.card is not None)
    qtbot.waitUntil(lambda: not page._ahead._timer.isActive())
    lines, n_figures = page.findChildren(FitLine), len(page._figures.findChildren(ExplainedFigure))
    plans = {id(each._planned[1]) for each in page._prices.quantizers}

    joined.window.show_named("Fit")

    assert {each.name for each in lines} == {each.quantizer for each in page._rows}
    assert set(page.findChildren(FitLine)) == set(lines)
    assert all(each.isVisible() for each in lines)
    assert len(page._figures.findChildren(ExplainedFigure)) == n_figures == len(page._figures.figures)
    assert {id(each._planned[1]) for each in page._prices.quantizers} == plans


def test_bars_are_kept_when_their_order_changes(fit_page):
    before = {each.name: each for each in fit_page.findChildren(FitLine)}
    bars = fit_page._formats._bars
    chosen = bars.name

    bars._rebuild(list(reversed(bars._lines)))

    after = {each.name: each for each in fit_page.findChildren(FitLine)}
    assert after == before
    assert bars.name == chosen
    places = [bars._column.indexOf(each) for each in bars._lines.values()]
    assert places == sorted(places)
