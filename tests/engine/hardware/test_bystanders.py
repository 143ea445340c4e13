from types import SimpleNamespace
from typing import NamedTuple

import psutil
import pytest

from octavo.engine.hardware import bystanders
from octavo.engine.hardware.bystanders import Bystanders


class Times(NamedTuple):
    user: float
    system: float
    idle: float
    iowait: float = 0.0


def clock(monkeypatch, times, own):
    monkeypatch.setattr(psutil, "cpu_times", lambda: times)
    ended = SimpleNamespace(user=own, system=0.0, children_user=0.0, children_system=0.0)
    monkeypatch.setattr(bystanders.os, "times", lambda: ended)


@pytest.mark.parametrize(
    ("user", "idle", "own", "share"),
    [(2.0, 8.0, 2.0, 0.0), (8.0, 2.0, 2.0, 0.6), (0.0, 10.0, 0.0, 0.0), (2.0, 8.0, 3.0, 0.0)],
)
def test_what_others_use_is_what_is_busy_and_not_our_own(monkeypatch, user, idle, own, share):
    clock(monkeypatch, Times(100.0, 10.0, 50.0), 7.0)
    others = Bystanders()
    clock(monkeypatch, Times(100.0 + user, 10.0, 50.0 + idle), 7.0 + own)

    assert others.share() == pytest.approx(share)


def test_no_time_passed_means_nobody_was_busy(monkeypatch):
    clock(monkeypatch, Times(100.0, 10.0, 50.0), 7.0)

    assert Bystanders().share() == 0.0
