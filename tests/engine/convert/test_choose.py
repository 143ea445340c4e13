import contextlib
from types import SimpleNamespace

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.calibrate.calibrate import Effort
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert.choose import chosen_output
from octavo.engine.convert.forecast import forecast
from octavo.engine.errors import NotEnoughDisk
from octavo.engine.quantize.mended import MendedCheckpoint
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


def test_the_disk_that_a_calibration_takes_meanwhile_is_told(source, tmp_path, monkeypatch):
    effort = Effort("best", 5.0, n_bytes=7, n_disk_bytes=9)

    wish = chosen(source, tmp_path, monkeypatch, effort)

    assert (wish.calibration_bytes, wish.calibration_disk_bytes) == (7, 9)


def test_what_has_no_room_anyway_is_refused_before_anything_is_timed(source, tmp_path, monkeypatch):
    def timed(*_):
        raise AssertionError

    monkeypatch.setattr("octavo.engine.calibrate.worth.settled_effort", timed)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))

    with pytest.raises(NotEnoughDisk):
        chosen_output(source, Q4_K_M, None, tmp_path / "new.gguf")


@pytest.mark.parametrize("goes_on", [True, False])
def test_text_runs_through_mended_weights_where_that_is_wanted(source, tmp_path, monkeypatch, goes_on):
    seen = []

    def calibrated(given, *_, **__):
        seen.append(given)

    monkeypatch.setattr("octavo.engine.calibrate.worth.settled_effort", lambda *_: Effort("best", 5.0))
    monkeypatch.setattr("octavo.engine.calibrate.calibrate.calibrate", calibrated)
    chosen_output(source, Q4_K_M, None, tmp_path / "new.gguf", goes_on=goes_on)

    assert [isinstance(each, MendedCheckpoint) for each in seen] == [goes_on]
