import mmap
import time
from itertools import accumulate

import numpy as np
import pytest

from octavo.engine.hardware import fresh_memory
from octavo.engine.hardware.fresh_memory import fresh_memory_seconds
from octavo.engine.hardware.pools import MemoryPool

BLOCK = 48 << 20


@pytest.fixture
def blocks(monkeypatch):
    """Those that were asked for, two pages each."""
    taken = []

    def allocate(n_bytes):
        assert n_bytes == BLOCK
        taken.append(np.ones(2 * mmap.PAGESIZE, np.uint8))
        return taken[-1]

    monkeypatch.setattr("octavo.engine.kernels.weights.allocate", allocate)
    return taken


def taking(monkeypatch, seconds):
    """A clock by which the blocks take so long, one after the other."""
    ends = accumulate(each for taken in seconds for each in (0.0, taken))
    monkeypatch.setattr(time, "perf_counter", lambda: next(ends))


def test_a_gigabyte_takes_between_a_hundredth_of_a_second_and_a_minute():
    assert 1e-11 < fresh_memory_seconds() < 6e-8


def test_what_was_in_use_a_moment_ago_does_not_count(blocks, monkeypatch):
    taking(monkeypatch, [0.01, 0.01, 0.05, 0.1, 0.1, 0.2, 9.0])

    assert fresh_memory_seconds() == pytest.approx(0.4 / (3 * BLOCK))
    assert len(blocks) == 6


def test_every_page_is_touched(blocks, monkeypatch):
    taking(monkeypatch, [1.0])

    assert fresh_memory_seconds() == pytest.approx(1 / BLOCK)
    assert [block[:: mmap.PAGESIZE].tolist() for block in blocks] == [[0, 0]]


def test_no_more_than_an_eighth_of_the_free_memory_is_taken(blocks, monkeypatch):
    monkeypatch.setattr(fresh_memory, "main_memory", lambda: MemoryPool("", "ram", 1 << 40, 16 * BLOCK))
    taking(monkeypatch, [0.001] * 9)

    fresh_memory_seconds()

    assert len(blocks) == 2
