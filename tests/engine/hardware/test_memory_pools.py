import psutil

from octavo.engine.hardware.memory import (
    MemoryPool,
    main_memory,
    memory_pools,
    peak_rss_bytes,
    process_rss_bytes,
)


def test_memory_comes_first_and_is_partly_free():
    pool = memory_pools()[0]

    assert pool.kind == "ram"
    assert 0 < pool.free_bytes <= pool.total_bytes <= psutil.virtual_memory().total


def test_a_container_s_limit_bounds_the_memory(monkeypatch):
    monkeypatch.setattr("octavo.engine.hardware.cgroup.memory_limit", lambda: (1_000_000, 400_000))

    assert main_memory() == MemoryPool("Memory", "ram", 1_000_000, 400_000)


def test_this_process_holds_some_memory():
    assert 1_000_000 < process_rss_bytes() <= peak_rss_bytes()
