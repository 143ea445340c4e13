import contextlib
from dataclasses import replace
from types import SimpleNamespace

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert import encode_speed
from octavo.engine.convert import forecast as forecasting
from octavo.engine.convert.convert import convert_all
from octavo.engine.convert.encode_speed import EncodeSpeed
from octavo.engine.convert.forecast import forecast, memory_bytes, require_room
from octavo.engine.convert.output import Output
from octavo.engine.errors import NotEnoughDisk, NotEnoughMemory
from octavo.engine.folders import cache_folder
from octavo.engine.progress import finish
from octavo.plugin.host import PluginHost

HOST = PluginHost()


@pytest.fixture
def source(tmp_path):
    with contextlib.closing(open_checkpoint(write_tiny_gguf(tmp_path / "model.gguf"))) as checkpoint:
        yield checkpoint


def wishes(tmp_path, *names):
    return [Output(HOST.quantizer(name), None, tmp_path / f"{name}.gguf") for name in names]


def test_sizes_are_exact_and_the_disk_has_one_percent_more(source, tmp_path):
    wanted = wishes(tmp_path, "Q8_0", "Q4_K_M")
    found = forecast(source, wanted)
    reports = finish(convert_all(source, wanted))

    assert found.file_bytes == [each.file_bytes for each in reports]
    assert found.disk_bytes == sum(int(1.01 * each) for each in found.file_bytes)
    assert found.free_disk_bytes > found.disk_bytes
    assert found.seconds > 0


def test_more_work_takes_longer_and_more_threads_less(source, tmp_path):
    one = forecast(source, wishes(tmp_path, "Q4_K_M"), n_threads=1).seconds

    assert forecast(source, wishes(tmp_path, "Q4_K_M", "Q6_K"), n_threads=1).seconds > one
    assert forecast(source, wishes(tmp_path, "Q4_K_M"), n_threads=4).seconds < one


def test_a_slow_disk_decides(source, tmp_path, monkeypatch):
    quick = forecast(source, wishes(tmp_path, "Q8_0"))
    monkeypatch.setattr(EncodeSpeed, "write", lambda *_: 1e-3)
    writes_slowly = forecast(source, wishes(tmp_path, "Q8_0"))
    monkeypatch.setattr(EncodeSpeed, "write", lambda *_: 0.0)
    monkeypatch.setattr(forecasting, "read_seconds", lambda *_: 1e-2)
    reads_slowly = forecast(source, wishes(tmp_path, "Q8_0"))

    (data,) = quick.file_bytes
    assert quick.seconds < 1e-3 * data * 0.5
    assert writes_slowly.seconds == pytest.approx(1e-3 * data, rel=0.5)
    assert reads_slowly.seconds >= 1e-2 * source.card.file_bytes


def test_what_text_takes_of_the_disk_is_told(source, tmp_path):
    (wish,) = wishes(tmp_path, "Q8_0")

    found = forecast(source, [replace(wish, calibration_disk_bytes=7), wish])

    assert found.calibration_disk_bytes == 7
    assert forecast(source, [wish]).calibration_disk_bytes == 0


def test_memory_is_bounded_whatever_the_size_of_the_weights(source):
    card = source.card
    vocabulary = card.metadata_bytes

    assert memory_bytes(card) <= 250e6 + 4 * 32 * 2**20 + 14 * vocabulary


def test_too_little_disk_is_refused_with_both_figures(source, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=1_000_000))

    with pytest.raises(NotEnoughDisk, match=r"needs \d.* on the disk, 1\.0 MB are free") as refusal:
        require_room(source, wishes(tmp_path, "Q8_0"))
    assert refusal.value.available == 1_000_000
    assert refusal.value.needed > 1_000_000


def test_two_files_that_fit_only_alone_are_refused_before_the_start(source, tmp_path, monkeypatch):
    size = sum(forecast(source, wishes(tmp_path, "Q8_0", "Q4_K_M")).file_bytes)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=size))

    with pytest.raises(NotEnoughDisk):
        finish(convert_all(source, wishes(tmp_path, "Q8_0", "Q4_K_M")))
    assert [each.name for each in tmp_path.iterdir()] == ["model.gguf"]


def test_too_little_memory_is_refused_with_both_figures(source, tmp_path, monkeypatch):
    monkeypatch.setattr(forecasting, "main_memory", lambda: SimpleNamespace(free_bytes=50_000_000))

    with pytest.raises(NotEnoughMemory, match=r"needs \d+ MB of memory, 50\.0 MB are free"):
        finish(convert_all(source, wishes(tmp_path, "Q8_0")))
    assert [each.name for each in tmp_path.iterdir()] == ["model.gguf"]


def test_an_encoder_is_timed_once(monkeypatch):
    (cache_folder() / "encode-speed.json").unlink(missing_ok=True)
    q8_0 = HOST.quantizer("Q8_0")
    first = EncodeSpeed()
    seconds = first.encode(q8_0, block_type("Q8_0"))
    first.keep()
    monkeypatch.setattr(encode_speed, "_best", lambda *_: pytest.fail("timed again"))

    assert EncodeSpeed().encode(q8_0, block_type("Q8_0")) == seconds > 0


@pytest.mark.parametrize("spoilt", ["", "[]", "{}", '{"machine": 1}'])
def test_a_damaged_memory_of_speeds_is_none(spoilt):
    (cache_folder() / "encode-speed.json").write_text(spoilt)

    assert EncodeSpeed().decode(block_type("F16")) > 0
