from threading import Event

from octavo.engine.hardware.latest import Latest


def test_a_quick_answer_is_told_at_once():
    answers = iter([1, 2])
    latest = Latest(lambda: next(answers), 0)

    assert not latest.is_known
    assert (latest.newest(5), latest.is_known, latest.newest(5)) == (1, True, 2)


def test_a_slow_answer_is_not_waited_for_and_is_asked_for_once():
    may_answer = Event()
    asked = []

    def ask():
        asked.append(1)
        may_answer.wait(5)
        return len(asked)

    latest = Latest(ask, 0)

    assert [latest.newest(0.001) for _ in range(3)] == [0, 0, 0]
    assert asked == [1]
    may_answer.set()
    assert latest._thread is not None
    latest._thread.join()
    assert latest.is_known
    assert latest.newest(5) == 2


def test_while_an_answer_is_late_the_last_one_holds():
    answers = iter([7])
    held = Event()

    def ask():
        for answer in answers:
            return answer
        held.wait(5)
        return 8

    latest = Latest(ask, 0)
    latest.newest(5)

    assert latest.newest(0.001) == 7
    held.set()
