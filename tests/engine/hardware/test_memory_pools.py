from threading import Event
from types import SimpleNamespace

import psutil
import pytest

from octavo.engine.hardware import memory
from octavo.engine.hardware.memory import (
    MemoryPool,
    main_memory,
    memory_pools,
    peak_rss_bytes,
    process_rss_bytes,
    wait_for_graphics,
)

CARD = MemoryPool("Card", "vram", 8000, 5000)


@pytest.fixture
def driver(monkeypatch):
    """A graphics driver that answers once it is let; asked for the first time by this test."""
    may_answer = Event()

    def answer(drm):
        may_answer.wait(5)
        return [CARD]

    memory._graphics.cache_clear()
    monkeypatch.setattr(memory, "graphics_pools", answer)
    yield may_answer
    may_answer.set()
    memory._graphics.cache_clear()


def test_memory_comes_first_and_is_partly_free():
    pool = memory_pools()[0]

    assert pool.kind == "ram"
    assert 0 < pool.free_bytes <= pool.total_bytes <= psutil.virtual_memory().total


def test_a_container_s_limit_bounds_the_memory(monkeypatch):
    monkeypatch.setattr("octavo.engine.hardware.cgroup.memory_limit", lambda: (1_000_000, 400_000))

    assert main_memory() == MemoryPool("Memory (this container's limit)", "ram", 1_000_000, 400_000)

    everything = (psutil.virtual_memory().total, 400_000)
    monkeypatch.setattr("octavo.engine.hardware.cgroup.memory_limit", lambda: everything)
    assert main_memory().name == "Memory"


def test_what_this_process_holds_is_no_other_program_s(monkeypatch):
    monkeypatch.setattr("octavo.engine.hardware.cgroup.memory_limit", lambda: (10**12, 10**12 - 200_000_000))
    monkeypatch.setattr("octavo.engine.hardware.memory._own_bytes", lambda: 150_000_000)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=10**13, available=10**13))
    assert main_memory().held_by_others_bytes == 50_000_000

    # The kernel counts a page a moment later than the process's own figures.
    monkeypatch.setattr("octavo.engine.hardware.memory._own_bytes", lambda: 250_000_000)
    assert main_memory().held_by_others_bytes == 0


def test_this_process_holds_some_memory():
    assert 1_000_000 < process_rss_bytes() <= peak_rss_bytes()


def test_a_graphics_driver_that_starts_slowly_costs_no_other_memory(driver):
    assert not wait_for_graphics(0.001)
    assert [pool.kind for pool in memory_pools() if pool.kind != "swap"] == ["ram"]


def test_a_graphics_driver_can_be_waited_for(driver):
    driver.set()

    assert wait_for_graphics(5)
    assert memory_pools()[-1] == CARD


def test_a_computer_without_swap_shows_none(monkeypatch):
    monkeypatch.setattr("psutil.swap_memory", lambda: SimpleNamespace(total=0, free=0))

    assert [pool.kind for pool in memory_pools()].count("swap") == 0
