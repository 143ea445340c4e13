import pytest

from octavo.gui.speed_desk import SpeedDesk


@pytest.fixture
def desk(workspace, engine, monkeypatch):
    monkeypatch.setattr("octavo.gui.speed_desk.WAIT_MS", 0)
    monkeypatch.setattr("octavo.gui.speed_desk.ENGAGED_MS", 20)
    made = SpeedDesk(workspace, command=engine)
    yield made
    made.close()


def test_what_is_wanted_becomes_known(desk, workspace, qtbot):
    with qtbot.waitSignal(workspace.speeds_changed):
        desk.want(["Q8_0"], 2)

    assert set(workspace.speeds[2].kinds) == {"Q8_0"}
    assert desk.stage == ""


def test_what_is_known_is_not_asked_for_again(desk, workspace, qtbot):
    with qtbot.waitSignal(workspace.speeds_changed):
        desk.want(["Q8_0"], 2)

    desk.want(["Q8_0"], 2)

    assert not desk._wait.isActive()


def test_what_is_not_compiled_yet_is_asked_for_again_only_when_it_may_be(desk, workspace, qtbot):
    with qtbot.waitSignal(workspace.speeds_changed):
        desk.want(["IQ4_NL", "Q8_0"], 2)

    desk.want(["IQ4_NL"], 2)
    assert not desk._wait.isActive()

    desk.retry()
    desk.want(["IQ4_NL"], 2)
    assert desk._wait.isActive()


def test_nothing_is_timed_while_the_computer_has_other_work(desk, workspace, qtbot):
    is_engaged, stages = True, []
    desk.is_engaged = lambda: is_engaged
    desk.changed.connect(lambda: stages.append(desk.stage))
    desk.want(["Q8_0"], 2)
    qtbot.waitUntil(lambda: desk._wait.interval() == 20)
    assert stages == []

    is_engaged = False
    qtbot.waitUntil(lambda: 2 in workspace.speeds)


def test_measuring_again_tells_how_far_it_is(desk, workspace, qtbot):
    stages = []
    desk.changed.connect(lambda: stages.append(desk.stage))

    with qtbot.waitSignal(workspace.speeds_changed):
        desk.measure_again(["Q8_0"], 1)

    assert "attention, 1 of 2" in stages


def test_what_other_threads_would_do_is_guessed_until_it_is_measured(desk, workspace, qtbot):
    assert workspace.speeds_for(4) is None
    with qtbot.waitSignal(workspace.speeds_changed):
        desk.want(["Q8_0"], 2)

    guess = workspace.speeds_for(4)

    assert guess.n_threads == 4
    assert guess.kinds["Q8_0"].decode == workspace.speeds[2].kinds["Q8_0"].decode / 2


def test_an_engine_that_dies_is_not_asked_for_ever(workspace, qtbot, monkeypatch):
    monkeypatch.setattr("octavo.gui.speed_desk.WAIT_MS", 0)
    desk = SpeedDesk(workspace, command=["false"])
    desk.want(["Q8_0"], 2)
    qtbot.waitUntil(lambda: desk._failed == {2})

    desk.want(["Q8_0"], 2)

    assert not desk._wait.isActive()
    desk.close()


def test_what_has_proved_wrong_is_timed_again_once(desk, workspace, qtbot):
    with qtbot.waitSignal(workspace.speeds_changed):
        desk.want(["Q8_0"], 2)
    probes = []
    desk.changed.connect(lambda: probes.append(desk.stage) if desk.stage == "starting" else None)

    desk.doubt(2)
    qtbot.waitUntil(lambda: bool(probes) and desk._call is None)
    desk.doubt(2)

    assert not desk._wait.isActive()
    assert len(probes) == 1


def test_nothing_is_doubted_that_was_never_timed(desk):
    desk.doubt(2)

    assert not desk._wait.isActive()
