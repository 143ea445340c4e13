import time
from itertools import accumulate

import pytest

from octavo.engine.hardware.interpreter import USUAL_SECONDS, interpreter_seconds


def test_a_computer_is_told_in_the_unit_of_the_one_where_the_constants_were_measured():
    assert 1 / 20 < interpreter_seconds() / USUAL_SECONDS < 100


def test_rounds_that_others_held_up_do_not_count(monkeypatch):
    rounds = [0.9, 0.02, 0.03, 0.01, 0.02, 0.01, 0.9]
    ends = accumulate(each for seconds in rounds for each in (0.0, seconds))
    monkeypatch.setattr(time, "thread_time", lambda: next(ends))

    assert interpreter_seconds() == pytest.approx(0.02)
