"""What a stranger's plugin does to the process of a command is told in a sentence."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from octavo.cli import main, watched
from octavo.cli.watched import FAREWELL, StrangersAsked, farewell, require_watched, watch
from octavo.store.settings import Settings, save_settings

GOODBYE = f"import os; os.unlink(os.environ[{FAREWELL!r}]); "


def python(code):
    return [sys.executable, "-S", "-c", code]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import os; os._exit(3)", "exit status 3"),
        ("import os; os._exit(0)", "exit status 0"),
        ("import os; os.abort()", "SIGABRT"),
    ],
)
def test_a_sudden_end_is_told_with_the_plugin_that_may_have_done_it(code, told, capsys):
    status = watch(python(code), ["bad"])

    said = capsys.readouterr().err
    assert status == 1
    assert told in said
    assert "the plugin did it: bad." in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("status", [0, 1, 2])
def test_what_ends_as_it_should_is_left_alone(status, capsys):
    assert watch(python(f"{GOODBYE} os._exit({status})"), ["bad"]) == status
    assert capsys.readouterr().err == ""


def test_what_was_stopped_is_no_sudden_end(capsys):
    assert watch(python("import os; os._exit(130)"), ["bad"]) == 130
    assert capsys.readouterr().err == ""


def test_a_request_to_end_is_handed_on(monkeypatch, capsys):
    process = []
    hand_on = watched._HandOn.__call__

    def started(self, each):
        hand_on(self, each)
        process.append(each)
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(watched._HandOn, "__call__", started)
    before = signal.getsignal(signal.SIGTERM)

    status = watch(python("import time; time.sleep(60)"), ["bad"])

    assert status == 128 + signal.SIGTERM
    assert process[0].returncode == -signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == before
    assert capsys.readouterr().err == ""


def test_a_command_with_a_strangers_plugin_is_watched(octavo, monkeypatch):
    run = []
    monkeypatch.setattr(main, "watch", lambda command, plugins: run.append((command, plugins)) or 7)
    save_settings(Settings(enabled_plugins=("zeal", "bad")))

    found = octavo("convert", "demo", "--to", "BAD")

    assert found.status == 7
    (command, plugins) = run[0]
    assert command[-4:] == ["convert", "demo", "--to", "BAD"]
    assert plugins == ["bad", "zeal"]
    assert octavo("plugins", "--no-plugins").status == 0
    assert len(run) == 1


def test_nobody_watches_where_there_are_no_strangers_or_somebody_does(monkeypatch, tmp_path):
    require_watched([])
    with pytest.raises(StrangersAsked):
        require_watched(["bad"])
    (tmp_path / "running").touch()
    monkeypatch.setenv(FAREWELL, str(tmp_path / "running"))
    monkeypatch.setattr("sys.platform", "other")  # this process stays when its parent ends
    with farewell():
        require_watched(["bad"])

    assert not (tmp_path / "running").exists()
