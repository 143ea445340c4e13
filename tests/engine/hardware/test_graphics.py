from types import SimpleNamespace

import pynvml
import pytest

from octavo.engine.hardware import graphics
from octavo.engine.hardware.graphics import amd_pools, graphics_pools, intel_pools, nvidia_pools
from octavo.engine.hardware.memory import memory_pools
from octavo.engine.hardware.pools import MemoryPool

GB = 10**9


def write(folder, **values):
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in values.items():
        (folder / name).write_text(f"{value}\n")


@pytest.fixture(autouse=True)
def fresh_devices():
    """NVML's devices are asked for once in a process."""
    graphics._nvidia_devices.cache_clear()
    yield
    graphics._nvidia_devices.cache_clear()


@pytest.fixture
def nvml(monkeypatch):
    """A driver with two devices; ``calls`` counts how often it was started."""
    fake = SimpleNamespace(calls=0, lost=set(), locked=set(), divided={})

    def handle(index):
        if index in fake.locked:
            raise pynvml.NVMLError_NoPermission
        return index

    def mode(device):
        if not fake.divided:
            raise pynvml.NVMLError_NotSupported
        return (1, 1) if device in fake.divided else (0, 0)

    def instance(device, number):
        if number >= len(fake.divided[device]):
            raise pynvml.NVMLError_NotFound
        return fake.divided[device][number]

    def start():
        fake.calls += 1

    def memory(device):
        if device in fake.lost:
            raise pynvml.NVMLError_GpuIsLost
        return SimpleNamespace(total=24 * GB, free=(20 - device) * GB, used=(4 + device) * GB)

    monkeypatch.setattr(pynvml, "nvmlInit", start)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCount", lambda: 2)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", handle)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMigMode", mode)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMaxMigDeviceCount", lambda device: 7)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMigDeviceHandleByIndex", instance)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", memory)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetName", lambda device: f"Card {device}")
    return fake


def test_every_nvidia_device_is_a_pool(nvml):
    assert nvidia_pools() == [
        MemoryPool("Card 0", "vram", 24 * GB, 20 * GB),
        MemoryPool("Card 1", "vram", 24 * GB, 19 * GB),
    ]


def test_cards_of_one_name_are_numbered(nvml, monkeypatch, tmp_path):
    monkeypatch.setattr(pynvml, "nvmlDeviceGetName", lambda device: "RTX 4090")
    write(tmp_path / "card0" / "device", mem_info_vram_total=8000, mem_info_vram_used=3000)

    names = [pool.name for pool in graphics_pools(tmp_path)]

    assert names == ["RTX 4090, 1", "RTX 4090, 2", "AMD graphics 1"]


def test_the_driver_is_started_once_however_often_it_is_asked(nvml):
    for _ in range(3):
        nvidia_pools()
    assert nvml.calls == 1


def test_a_lost_device_does_not_hide_the_others(nvml):
    nvml.lost.add(0)
    assert [pool.name for pool in nvidia_pools()] == ["Card 1"]


def test_a_device_that_may_not_be_opened_does_not_hide_the_others(nvml):
    nvml.locked.add(0)
    assert [pool.name for pool in nvidia_pools()] == ["Card 1"]


def test_of_a_divided_device_each_part_counts_and_not_the_whole(nvml):
    nvml.divided[0] = [10, 11]
    assert [pool.name for pool in nvidia_pools()] == ["Card 10", "Card 11", "Card 1"]


@pytest.mark.parametrize(
    "error",
    [pynvml.NVMLError_LibraryNotFound, pynvml.NVMLError_DriverNotLoaded, pynvml.NVMLError_NoPermission],
)
def test_no_usable_nvidia_driver_is_no_error(monkeypatch, error):
    def missing():
        raise error

    monkeypatch.setattr(pynvml, "nvmlInit", missing)

    assert nvidia_pools() == []
    assert memory_pools()[0].kind == "ram"


def test_amd_cards_tell_through_the_kernel(tmp_path):
    write(tmp_path / "card0" / "device", mem_info_vram_total=8000, mem_info_vram_used=3000)
    write(
        tmp_path / "card1" / "device",
        mem_info_vram_total=16000,
        mem_info_vram_used=0,
        product_name="Radeon PRO W7900",
    )
    write(tmp_path / "card2" / "device", mem_info_vram_total="asleep", mem_info_vram_used=0)
    write(tmp_path / "card3" / "device", mem_info_vram_total=4000)

    assert amd_pools(tmp_path) == [
        MemoryPool("AMD graphics 1", "vram", 8000, 5000),
        MemoryPool("Radeon PRO W7900", "vram", 16000, 16000),
    ]


def test_memory_that_a_processor_lends_to_its_graphics_is_not_counted_twice(tmp_path):
    write(
        tmp_path / "card1" / "device",
        mem_info_vram_total=512 << 20,
        mem_info_vram_used=200 << 20,
        mem_info_gtt_total=16 << 30,
        mem_info_gtt_used=1 << 30,
    )

    assert graphics_pools(tmp_path)[-1:] == [MemoryPool("AMD graphics 1", "vram", 512 << 20, 312 << 20)]


def test_a_card_that_is_pulled_out_is_gone_at_the_next_look(tmp_path):
    write(tmp_path / "card0" / "device", mem_info_vram_total=8000, mem_info_vram_used=3000)
    write(tmp_path / "card1", lmem_total_bytes=16000, lmem_avail_bytes=9000)
    assert len(graphics_pools(tmp_path)) == 2

    (tmp_path / "card0" / "device" / "mem_info_vram_used").unlink()

    assert graphics_pools(tmp_path) == [MemoryPool("Intel graphics 1", "vram", 16000, 9000)]


def test_a_connector_is_no_second_card(tmp_path):
    write(tmp_path / "card0" / "device", mem_info_vram_total=8000, mem_info_vram_used=3000)
    (tmp_path / "card0-DP-1").mkdir()
    (tmp_path / "card0-DP-1" / "device").symlink_to(tmp_path / "card0")

    assert len(graphics_pools(tmp_path)) == len(amd_pools(tmp_path)) == 1


def test_intel_cards_tell_their_size(tmp_path):
    write(tmp_path / "card0" / "device" / "tile0", physical_vram_size_bytes="0x300000000")
    write(tmp_path / "card1", lmem_total_bytes=16000, lmem_avail_bytes=9000)
    write(tmp_path / "card2" / "device" / "tile0", freq=1)

    assert intel_pools(tmp_path) == [
        MemoryPool("Intel graphics 1", "vram", 12 << 30, 12 << 30),
        MemoryPool("Intel graphics 2", "vram", 16000, 9000),
    ]


def test_a_machine_without_graphics_has_no_such_pools(tmp_path, monkeypatch):
    def missing():
        raise pynvml.NVMLError_LibraryNotFound

    monkeypatch.setattr(pynvml, "nvmlInit", missing)
    assert graphics_pools(tmp_path / "nothing") == []


def test_main_memory_is_counted_once():
    # Apple's graphics share it, and so do those built into processors.
    assert [pool.kind for pool in memory_pools()].count("ram") == 1
