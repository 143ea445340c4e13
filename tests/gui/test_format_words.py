from octavo.engine.estimate.fit import FitRow
from octavo.gui.forecaster import Forecast
from octavo.gui.pages.format_words import outcome_facts


def facts(joined, forecast):
    card = joined.workspace.selected_model.card
    return dict(outcome_facts(card, FitRow("Q8_0", 1000), forecast, None))


def test_what_a_calibration_borrows_of_the_disk_is_told(joined, qtbot):
    qtbot.waitUntil(lambda: joined.workspace.selected_model.card is not None)
    with_text = Forecast(1, 1, 1, 1, seconds=90, calibration_seconds=60, calibration_disk_bytes=113_000_000)

    assert facts(joined, with_text)["Disk meanwhile, given back"] == "113 MB more"
    assert "Disk meanwhile, given back" not in facts(joined, Forecast(1, 1, 1, 1, seconds=90))
    assert "Disk meanwhile, given back" not in facts(joined, None)
