"""A wish to stop reaches what runs, once it is said and while it runs."""

from octavo.engine.stop import Stop


def test_setting_ends_what_runs_and_nothing_that_has_ended():
    stop, ended = Stop(), []
    with stop.ending(lambda: ended.append("first")):
        assert ended == []
        stop.set()
        assert ended == ["first"]
        assert stop.is_set()
    stop.set()
    assert ended == ["first"]


def test_what_begins_after_the_wish_ends_at_once():
    stop, ended = Stop(), []
    stop.set()
    with stop.ending(lambda: ended.append("late")):
        assert ended == ["late"]


def test_what_fails_is_not_ended_afterwards():
    stop, ended = Stop(), []
    try:
        with stop.ending(lambda: ended.append("failed")):
            raise ValueError
    except ValueError:
        stop.set()
    assert ended == []
