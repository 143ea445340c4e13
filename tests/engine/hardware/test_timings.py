from octavo.engine.hardware import timings
from octavo.engine.hardware.timings import Timings, best_seconds


def test_what_was_timed_is_not_timed_again():
    first = Timings("some.json")
    assert first.recall("a layer", lambda: 1.5) == 1.5
    assert first.recall("a layer", lambda: 2.5) == 1.5
    first.keep()

    assert Timings("some.json").recall("a layer", lambda: 3.5) == 1.5
    assert Timings("other.json").recall("a layer", lambda: 4.5) == 4.5


def test_what_was_not_kept_is_forgotten():
    Timings("some.json").recall("a layer", lambda: 1.5)

    assert Timings("some.json").recall("a layer", lambda: 2.5) == 2.5


def test_another_computer_s_times_do_not_count(monkeypatch):
    first = Timings("some.json")
    first.recall("a layer", lambda: 1.5)
    first.keep()
    monkeypatch.setattr(timings, "processor_name", lambda: "another")

    assert Timings("some.json").recall("a layer", lambda: 2.5) == 2.5


def test_the_quickest_round_counts_and_the_first_call_is_no_round():
    seconds = iter([9.0, 0.3, 0.2, 0.4])
    now = [0.0]

    def work():
        now[0] += next(seconds)

    assert round(best_seconds(work, lambda: now[0]), 9) == 0.2


def test_what_changes_from_minute_to_minute_is_the_median_of_the_newest_moments(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(timings.time, "time", lambda: now[0])
    seconds = iter([9.0, 1.0, 1.2, 1.4, 1.6])

    def told():
        lately = Timings("some.json")
        found = lately.recall_lately("python", lambda: next(seconds))
        lately.keep()
        now[0] += 15
        return found

    assert [told() for _ in range(7)] == [9.0, 9.0, 5.0, 5.0, 1.2, 1.2, 1.2]
