import contextlib
from types import SimpleNamespace

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.calibrate.calibrate import Effort
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert.choose import chosen_output
from octavo.engine.convert.forecast import forecast
from octavo.engine.quantize.options import build_options
from octavo.plugin.host import PluginHost

Q4_K_M = PluginHost().quantizer("Q4_K_M")
KNOWN = SimpleNamespace(close=lambda: None)


@pytest.fixture
def source(tmp_path):
    with contextlib.closing(open_checkpoint(write_tiny_gguf(tmp_path / "model.gguf"))) as checkpoint:
        yield checkpoint


def chosen(source, tmp_path, monkeypatch, effort, mode="auto", **more):
    monkeypatch.setattr("octavo.engine.calibrate.worth.settled_effort", lambda *_: effort)
    found = KNOWN if effort.mode != "quick" else None
    monkeypatch.setattr("octavo.engine.calibrate.calibrate.calibrate", lambda *_, **__: found)
    return chosen_output(source, Q4_K_M, build_options(Q4_K_M, {"mode": mode}), tmp_path / "new.gguf", **more)


def test_auto_says_that_it_calibrates_and_the_forecast_counts_it(source, tmp_path, monkeypatch):
    wish = chosen(source, tmp_path, monkeypatch, Effort("best", 90.0))

    assert (wish.mode, wish.calibration) == ("best", KNOWN)
    assert wish.notes[0].startswith("Calibrated")
    found = forecast(source, [wish])
    assert found.calibration_seconds == 90.0
    assert found.seconds > 90.0


def test_auto_says_why_it_does_not(source, tmp_path, monkeypatch):
    effort = Effort("quick", 2000.0, "Calibration would take about 33 minutes here, so it was left out.")
    wish = chosen(source, tmp_path, monkeypatch, effort)

    assert wish.calibration is None
    assert wish.notes == (f"Not calibrated. {effort.reason}",)
    assert wish.calibration_seconds == 0.0


@pytest.mark.parametrize(("mode", "effort"), [("quick", Effort("quick")), ("best", Effort("best", 5.0))])
def test_what_was_asked_for_is_not_noted(source, tmp_path, monkeypatch, mode, effort):
    assert chosen(source, tmp_path, monkeypatch, effort, mode).notes == ()


def test_a_forecast_makes_no_calibration(source, tmp_path, monkeypatch):
    wish = chosen(source, tmp_path, monkeypatch, Effort("best", 5.0), only_forecast=True)

    assert (wish.calibration, wish.calibration_seconds) == (None, 5.0)
