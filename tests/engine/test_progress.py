"""Work is run, told in other words, and closed with what it is a part of."""

from dataclasses import replace

import pytest

from octavo.engine.progress import Progress, finish, told_as


def counting(ended):
    try:
        yield Progress(1, 2, "one")
        yield Progress(2, 2, "two")
    finally:
        ended.append(True)
    return "result"


def loud(step):
    return replace(step, label=step.label.upper())


def test_work_told_in_other_words_has_the_same_result():
    told = []

    assert finish(told_as(counting([]), loud), told.append) == "result"

    assert [each.label for each in told] == ["ONE", "TWO"]


def test_closing_ends_the_work_inside():
    ended = []
    work = told_as(counting(ended), loud)
    next(work)

    work.close()

    assert ended == [True]


def test_what_goes_wrong_outside_ends_the_work_inside():
    ended = []
    work = told_as(counting(ended), lambda step: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        finish(work)

    assert ended == [True]
