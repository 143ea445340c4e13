import pytest

from octavo.gui.forecaster import Forecast, Forecaster, _key
from octavo.worker.protocol import Convert, Copy, Failed


@pytest.fixture
def forecaster(qtbot, engine):
    made = Forecaster(command=engine)
    yield made
    made.close()


def request(name):
    copy = Copy(quantizer="Q8_0", output=f"/models/{name}.gguf")
    return Convert(path="/models/small.gguf", copies=[copy])


def test_a_forecast_is_asked_for_once_and_then_known(qtbot, forecaster):
    assert forecaster.forecast(request("a")) is None

    with qtbot.waitSignal(forecaster.changed):
        pass

    assert isinstance(forecaster.forecast(request("a")), Forecast)
    assert forecaster._call is None


def test_only_the_latest_question_follows_the_one_under_way(qtbot, forecaster):
    forecaster.forecast(request("a"))
    qtbot.waitUntil(lambda: forecaster._call is not None)
    forecaster.forecast(request("b"))
    forecaster.forecast(request("c"))

    with qtbot.waitSignals([forecaster.changed, forecaster.changed]):
        pass

    assert len(forecaster._known) == 2
    assert isinstance(forecaster.forecast(request("c")), Forecast)


def test_closing_asks_no_further(qtbot, forecaster):
    forecaster.forecast(request("a"))
    qtbot.waitUntil(lambda: forecaster._call is not None)
    forecaster.forecast(request("b"))

    forecaster.close()

    assert not forecaster._engine.is_running


def test_a_refusal_is_asked_about_again_after_a_while(qtbot, forecaster, monkeypatch):
    asked = request("a")
    forecaster._known[_key(asked)] = Failed(kind="octavo_error", message="There is no folder.")
    forecaster._wanted = asked
    monkeypatch.setattr("octavo.gui.forecaster.RETRY_SECONDS", 0.0)

    assert isinstance(forecaster.forecast(asked), Failed)
    with qtbot.waitSignal(forecaster.changed):
        pass

    assert isinstance(forecaster.forecast(asked), Forecast)
