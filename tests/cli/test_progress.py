"""Progress where standard error is no terminal: a line now and then, with the time left."""

import pytest

from octavo.cli.progress import SECONDS_BETWEEN_LINES, Lines, Pace
from octavo.engine.progress import Progress


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_time_left_counts_what_was_done_since_the_start(clock):
    pace = Pace(clock)
    assert pace.left(Progress(500, 1000)) is None
    clock.now += 30

    assert pace.left(Progress(600, 1000)) == pytest.approx(120)
    assert pace.left(Progress(1000, 1000)) is None  # what is still under way is counted by nothing
    assert pace.left(Progress(3, 0)) is None


def test_too_little_says_nothing_of_the_time_left(clock):
    pace = Pace(clock)
    pace.left(Progress(0, 1000))
    clock.now += 1
    assert pace.left(Progress(900, 1000)) is None
    clock.now += 9
    assert pace.left(Progress(5, 1000)) is None


def test_nobody_knows_how_long_kernels_take_to_compile(clock):
    pace = Pace(clock)
    pace.left(Progress(0, 16, "compile run"))
    clock.now += 30

    assert pace.left(Progress(8, 16, "compile attend f32")) is None
    assert pace.left(Progress(8, 16, "calibrate layer 2")) is not None


def test_quick_work_is_not_told_of(clock, capsys):
    lines = Lines("Converting", clock)
    for done in range(10):
        clock.now += 1
        lines(Progress(done, 10, "tensor"))

    assert capsys.readouterr().err == ""


def test_long_work_is_told_of_now_and_then(clock, capsys):
    lines = Lines("Converting", clock)
    for done in range(100):
        clock.now += 1
        lines(Progress(done, 100, "blk.1.\x1b[31mffn_up", 3, 9))

    told = capsys.readouterr().err.splitlines()
    assert len(told) == 100 // SECONDS_BETWEEN_LINES
    assert told[0].startswith("Converting 14%, about 92 s left: blk.1.")
    assert told[0].endswith("ffn_up, 3 of 9")
    assert "\x1b" not in "".join(told)
