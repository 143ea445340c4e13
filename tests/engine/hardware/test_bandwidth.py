import json

import pytest

from octavo.engine.folders import cache_folder
from octavo.engine.hardware import bandwidth
from octavo.engine.hardware.bandwidth import (
    bandwidth_at,
    bandwidth_curve,
    probe_bandwidth,
    read_bandwidth,
)
from octavo.engine.hardware.pools import MemoryPool

CURVE = [(8_000_000, 50e9), (64_000_000, 30e9)]


@pytest.fixture
def probes(monkeypatch):
    """The sizes of each probe."""
    asked = []

    def probe(n_threads, sizes):
        asked.append(sizes)
        return CURVE

    monkeypatch.setattr(bandwidth, "probe_bandwidth", probe)
    return asked


def test_a_probe_finds_speeds_that_memory_can_have():
    curve = probe_bandwidth(2, [2 << 20, 1 << 20], 0.001)

    assert [size for size, _ in curve] == [1 << 20, 2 << 20]
    assert all(1e8 < speed < 1e13 for _, speed in curve)


def test_the_probe_runs_once_and_is_remembered(probes):
    assert bandwidth_curve() == CURVE
    assert bandwidth_curve() == CURVE
    assert read_bandwidth() == 30e9
    assert len(probes) == 1


def test_it_is_probed_anew_on_demand(probes):
    bandwidth_curve()
    bandwidth_curve(again=True)
    assert len(probes) == 2


def test_the_sizes_reach_beyond_the_last_cache(probes, monkeypatch):
    monkeypatch.setattr(bandwidth, "last_level_cache_bytes", lambda: 32 << 20)
    bandwidth_curve()

    assert min(probes[0]) == 8 << 20
    assert max(probes[0]) == 64 << 20


def test_the_probe_takes_no_more_than_an_eighth_of_the_free_memory(probes, monkeypatch):
    monkeypatch.setattr(bandwidth, "last_level_cache_bytes", lambda: 1 << 30)
    monkeypatch.setattr(bandwidth, "main_memory", lambda: MemoryPool("Memory", "ram", 1 << 30, 256 << 20))
    bandwidth_curve()

    assert probes == [[32 << 20]]


def test_a_size_between_two_that_were_probed_lies_between_them():
    assert bandwidth_at(CURVE, 36_000_000) == 40e9
    assert bandwidth_at(CURVE, 1) == 50e9
    assert bandwidth_at(CURVE, 10**12) == 30e9


def test_another_machine_s_memo_or_a_damaged_one_is_not_believed(probes):
    bandwidth_curve()
    (memo,) = cache_folder().glob("bandwidth*.json")
    texts = (json.dumps({"machine": "another", "curve": CURVE}), "{", "[]", '{"machine": 3}')

    for text in texts:
        memo.write_text(text)
        assert bandwidth_curve() == CURVE
    assert len(probes) == 1 + len(texts)
