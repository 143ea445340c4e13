"""Streams of a calibration's text, on the disk or in memory."""

from __future__ import annotations

import contextlib
import os
from types import SimpleNamespace

import numpy as np
import pytest
from tests.fixtures.checkpoints import write_tiny_hf_folder
from tests.fixtures.tiny_models import Shape

from octavo.engine.calibrate import streams as module
from octavo.engine.calibrate.layer_run import LayerRun
from octavo.engine.calibrate.layer_walk import LayerWalk
from octavo.engine.calibrate.layers import Layers
from octavo.engine.calibrate.stream_files import forget_streams, spared_bytes, stream_folder
from octavo.engine.calibrate.streams import Streams
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.progress import finish

SHAPE = Shape(n_layers=5, n_embedding=64, n_feed_forward=96, n_heads=2, n_kv_heads=1, head_size=32)
WINDOWS = np.arange(60).reshape(3, 20)


@pytest.fixture
def model(tmp_path):
    checkpoint = open_checkpoint(write_tiny_hf_folder(tmp_path / "llama", shape=SHAPE, dtype="F32"))
    yield checkpoint
    checkpoint.close()


@pytest.fixture
def streams_of(model):
    opened = []

    def make(windows=WINDOWS, checkpoint=model):
        opened.append(Streams(checkpoint.files(), windows, 64, 1))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def full_disk(monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=4000))


def killed(streams):
    """What a killed process leaves: its files, without the lock."""
    os.close(streams._on_disk._lock)
    streams._on_disk._lock = -1
    streams.close()


def numbers(layer, window):
    return np.random.default_rng(100 * layer + window).normal(size=(20, 64)).astype(np.float32)


def embed(window):
    return numbers(0, window)


def walk(streams, n_layers):
    """Through so many layers, from the first."""
    assert streams.begin(0, embed) == 0
    for layer in range(n_layers):
        for window in range(3):
            assert np.array_equal(streams.read(window), numbers(layer, window))
            streams.write(window, numbers(layer + 1, window))
        streams.advance()


def moments(layers, layer):
    found = finish(layers.reach(layer))
    return [each.weighted().copy() for each in found.values()]


def noted(monkeypatch):
    """The layers that run."""
    run, found = LayerWalk._run, []

    def note(self, layer, *arguments, **options):
        found.append(layer)
        return run(self, layer, *arguments, **options)

    monkeypatch.setattr(LayerWalk, "_run", note)
    return found


def test_a_killed_calibration_goes_on_where_it_was_with_the_same_numbers(model, monkeypatch):
    first = Layers(model, WINDOWS, 1)
    expected = [moments(first, layer) for layer in range(5)][3:]
    killed(first._walk._streams)
    first.close()
    run = noted(monkeypatch)

    again = Layers(model, WINDOWS, 1)
    found = [moments(again, layer) for layer in (3, 4)]
    again.close()

    assert run == [3, 4]
    for ours, theirs in zip(found, expected, strict=True):
        assert all((one == other).all() for one, other in zip(ours, theirs, strict=True))


def test_a_killed_search_goes_on_where_it_was(model, tmp_path, monkeypatch):
    monkeypatch.setattr("octavo.engine.calibrate.layer_run.calibration_windows", lambda *_: WINDOWS)
    first = LayerRun(model, "", 0, weighted=True, n_threads=1)
    expected = [finish(first.reach(layer)) for layer in range(5)][3]
    killed(first._walk._streams)
    first.close()
    run = noted(monkeypatch)

    again = LayerRun(model, "", 0, weighted=True, n_threads=1)
    found = finish(again.reach(3))
    again.close()

    assert run == [3]
    for ours, theirs in zip(found, expected, strict=True):
        assert np.array_equal(ours.moments, theirs.moments)


def test_memory_and_disk_give_the_same(model, monkeypatch):
    on_disk = Layers(model, WINDOWS, 1)
    expected = moments(on_disk, 4)
    assert any(each.exists() for each in on_disk._walk._streams._on_disk.paths)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=4000))
    beside = Layers(model, WINDOWS, 1)

    found = moments(beside, 4)

    assert not beside._walk._streams._files
    for layers in (on_disk, beside):
        layers.close()
    assert all((one == other).all() for one, other in zip(found, expected, strict=True))
    assert not any(each.exists() for each in on_disk._walk._streams._on_disk.paths)


def test_two_calibrations_of_the_same_do_not_meet(streams_of):
    first, second = streams_of(), streams_of()
    walk(first, 2)

    walk(second, 3)

    assert np.array_equal(first.read(1), numbers(2, 1))
    assert not set(first._on_disk.paths) & set(second._on_disk.paths)
    assert all(each.exists() for each in second._on_disk.paths)


@pytest.mark.parametrize("wanted", [3, 9])
def test_the_latest_that_is_not_too_late_is_taken(streams_of, wanted):
    first = streams_of()
    walk(first, 4)
    killed(first)

    again = streams_of()

    assert again.begin(wanted, embed) == min(wanted, 4)
    assert np.array_equal(again.read(1), numbers(min(wanted, 4), 1))


def test_a_layer_that_was_broken_off_leaves_the_one_before(streams_of):
    first = streams_of()
    walk(first, 2)
    first.write(0, numbers(9, 0))
    killed(first)

    again = streams_of()

    assert again.begin(5, embed) == 2
    assert [np.array_equal(again.read(n), numbers(2, n)) for n in range(3)] == [True] * 3


def test_an_earlier_layer_than_those_kept_begins_anew(streams_of):
    streams = streams_of()
    walk(streams, 4)

    assert streams.begin(1, embed) == 0
    assert np.array_equal(streams.read(2), embed(2))


def test_another_text_or_another_model_knows_nothing_of_it(streams_of, tmp_path):
    first = streams_of()
    walk(first, 2)
    killed(first)
    folder = write_tiny_hf_folder(tmp_path / "other", shape=SHAPE, seed=9, dtype="F32")
    with contextlib.closing(open_checkpoint(folder)) as other:
        assert streams_of(WINDOWS + 1).begin(4, embed) == 0
        assert streams_of(checkpoint=other).begin(4, embed) == 0


@pytest.mark.parametrize("spoil", [lambda raw: raw[:-1], lambda raw: raw[:-1] + b"\x55", lambda raw: raw[:9]])
def test_what_is_damaged_is_not_taken(streams_of, spoil):
    first = streams_of()
    walk(first, 1)
    killed(first)
    path = first._on_disk.paths[1]
    path.write_bytes(spoil(path.read_bytes()))

    assert streams_of().begin(4, embed) == 0


def test_what_was_left_long_ago_goes(streams_of):
    old = streams_of(WINDOWS + 1)
    walk(old, 1)
    killed(old)
    for path in old._on_disk.paths:
        os.utime(path, (1, 1))

    walk(streams_of(), 1)

    assert not any(path.exists() for path in old._on_disk.paths)


def test_without_room_memory_holds_them(full_disk, streams_of):
    streams = streams_of()

    walk(streams, 2)

    assert streams.is_whole
    assert not any(each.exists() for each in streams._on_disk.paths)
    streams.write(0, numbers(3, 0))
    assert not streams.is_whole


def test_a_disk_that_fills_up_is_no_trouble(streams_of, monkeypatch):
    streams = streams_of()
    walk(streams, 1)

    def write(file, raw):
        raise OSError("no space left")

    monkeypatch.setattr(module, "_write", write)
    for window in range(3):
        assert np.array_equal(streams.read(window), numbers(1, window))
        streams.write(window, numbers(2, window))
    streams.advance()

    assert [np.array_equal(streams.read(n), numbers(2, n)) for n in range(3)] == [True] * 3


def test_the_forecast_knows_that_there_is_no_room(full_disk):
    assert spared_bytes(400) == 0
    assert spared_bytes(300) == 900


def test_the_result_comes_first(full_disk):
    assert spared_bytes(300, reserved=400) == 900
    assert spared_bytes(300, reserved=401) == 0


def test_what_killed_calibrations_left_can_be_forgotten(streams_of):
    lost, running = streams_of(), streams_of(WINDOWS + 1)
    for each in (lost, running):
        walk(each, 1)
    killed(lost)

    forget_streams()

    left = sorted(stream_folder().iterdir())
    assert left == sorted([*running._on_disk.paths, running._on_disk._lock_path])
