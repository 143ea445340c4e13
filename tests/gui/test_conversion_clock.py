import pytest

from octavo.gui.conversion_clock import ConversionClock
from octavo.worker.protocol import Forecasted, Progressed

MB = 1_000_000


class Clock(ConversionClock):
    """A clock that a test can set."""

    def __init__(self, seconds=0.0, calibrating=0.0):
        self.now = 100.0
        super().__init__(lambda: self.now)
        if seconds:
            self.expect(Forecasted(seconds=seconds, calibration_seconds=calibrating, memory_bytes=0))

    def at(self, seconds, done, step=1, n_steps=100, label="blk.0.ffn_up.weight"):
        self.now = 100.0 + seconds
        event = Progressed(
            stage="convert", done=done, total=100 * MB, label=label, step=step, n_steps=n_steps
        )
        return self.pace(event)


def test_without_a_forecast_the_bytes_say_how_long_it_takes():
    clock = Clock()
    assert clock.at(0, 0).seconds_left is None

    pace = clock.at(5, 20 * MB)

    assert (pace.share, pace.bytes_per_second, pace.seconds_left) == (0.2, 4 * MB, pytest.approx(20))


def test_the_forecast_is_said_from_the_first_moment():
    assert Clock(seconds=40).at(0, 0).seconds_left == 40


def test_what_is_measured_soon_counts_more_than_the_forecast():
    clock = Clock(seconds=1000)
    clock.at(0, 0)

    assert clock.at(1, 5 * MB).seconds_left == pytest.approx(19)


def test_of_a_calibration_the_units_are_no_bytes():
    clock = Clock(seconds=100, calibrating=95)
    clock.at(0, 0)

    pace = clock.at(20, 10 * MB, label="search scales of layer 2")

    assert (pace.share, pace.bytes_per_second) == (0.1, 0)
    assert pace.seconds_left == pytest.approx(180)  # twice as slow as forecast


def test_a_forecast_that_has_passed_is_not_said():
    clock = Clock(seconds=10, calibrating=10)
    clock.at(0, 0)

    assert clock.at(11, 0, label="calibrate layer 0").seconds_left is None


def test_what_was_there_already_is_no_measure_of_the_pace():
    clock = Clock()
    clock.at(0, 60 * MB)

    pace = clock.at(10, 80 * MB)

    assert (pace.share, pace.seconds_left) == (0.8, pytest.approx(10))


def test_what_comes_before_and_after_the_tensors_has_no_pace():
    clock = Clock(seconds=40)
    event = Progressed(stage="compile", done=3, total=4, label="compile q4_k")

    pace = clock.pace(event)

    assert (pace.share, pace.stage, pace.seconds_left) == (0.75, "compile", None)
