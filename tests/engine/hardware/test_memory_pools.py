import psutil
import pynvml

from octavo.engine.hardware.memory import (
    MemoryPool,
    amd_pools,
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


def test_no_nvidia_driver_is_no_error(monkeypatch):
    def missing():
        raise pynvml.NVMLError_LibraryNotFound

    monkeypatch.setattr(pynvml, "nvmlInit", missing)

    assert [each.kind for each in memory_pools() if each.kind == "vram"] == []


def test_amd_graphics_memory_is_read_from_the_kernel(tmp_path):
    for card, total, used in (("card0", "8000", "3000"), ("card1", "asleep", "0")):
        device = tmp_path / card / "device"
        device.mkdir(parents=True)
        (device / "mem_info_vram_total").write_text(total + "\n")
        (device / "mem_info_vram_used").write_text(used + "\n")

    assert amd_pools(tmp_path) == [MemoryPool("AMD graphics 1", "vram", 8000, 5000)]


def test_this_process_holds_some_memory():
    assert 1_000_000 < process_rss_bytes() <= peak_rss_bytes()
