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
    guest: float = 0.0


def clock(monkeypatch, times, own, children=0.0):
    monkeypatch.setattr(psutil, "cpu_times", lambda: times)
    ended = SimpleNamespace(user=own, system=0.0, children_user=children, children_system=children)
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


def test_waiting_for_a_disk_is_not_work_and_a_guest_s_time_counts_once(monkeypatch):
    clock(monkeypatch, Times(0.0, 0.0, 0.0), 0.0)
    others = Bystanders()
    clock(monkeypatch, Times(user=4.0, system=0.0, idle=2.0, iowait=4.0, guest=4.0), 0.0)

    # Of the ten seconds that passed four were worked; those of the guest are a part of them.
    assert others.share() == pytest.approx(0.4)


def test_our_children_are_no_others(monkeypatch):
    clock(monkeypatch, Times(0.0, 0.0, 0.0), 0.0)
    others = Bystanders()
    clock(monkeypatch, Times(6.0, 0.0, 4.0), 2.0, children=2.0)

    assert others.share() == 0.0
