import os

import numpy as np
import pytest
from tests.fixtures.checkpoints import Shape, write_tiny_hf_folder

from octavo.engine.calibrate.hidden_store import HiddenStore
from octavo.engine.calibrate.layers import Layers
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.progress import finish

SHAPE = Shape(n_layers=5, n_embedding=64, n_feed_forward=96, n_heads=2, n_kv_heads=1, head_size=32)
WINDOWS = np.arange(60).reshape(3, 20)


@pytest.fixture
def model(tmp_path):
    checkpoint = open_checkpoint(write_tiny_hf_folder(tmp_path / "llama", shape=SHAPE, dtype="F32"))
    yield checkpoint
    checkpoint.close()


def store_of(model, windows=WINDOWS, seconds=0.0):
    return HiddenStore(model.files(), windows, 1, seconds_between=seconds)


def streams(layer):
    return list(np.random.default_rng(layer).normal(size=(3, 20, 64)).astype(np.float32))


def moments(layers, layer):
    found = finish(layers.reach(layer))
    return [each.weighted().copy() for each in found.values()]


def test_a_killed_calibration_goes_on_where_it_was_with_the_same_numbers(model, monkeypatch):
    killed = Layers(model, WINDOWS, 1, store_of(model))
    expected = [moments(killed, layer) for layer in range(5)][3:]
    killed.model.close()
    run = []
    monkeypatch.setattr(Layers, "_run", _noted(Layers._run, run))

    again = Layers(model, WINDOWS, 1, store_of(model))
    found = [moments(again, layer) for layer in (3, 4)]
    again.close()

    assert run == [3, 4]
    for ours, theirs in zip(found, expected, strict=True):
        assert all((one == other).all() for one, other in zip(ours, theirs, strict=True))


def _noted(run, layers):
    def noted(self, layer, *, is_wanted):
        layers.append(layer)
        return run(self, layer, is_wanted=is_wanted)

    return noted


def test_the_latest_that_is_not_too_late_is_taken(model):
    store = store_of(model)
    for layer in (1, 2, 3):
        store.keep(layer, streams(layer))

    found, hidden = store_of(model).load(2)
    assert found == 2
    assert np.array_equal(hidden, streams(2))
    assert store.load(9)[0] == 3
    assert store.load(1) is None


def test_another_text_or_another_model_knows_nothing_of_it(model, tmp_path):
    store_of(model).keep(1, streams(1))
    other = open_checkpoint(write_tiny_hf_folder(tmp_path / "other", shape=SHAPE, seed=9, dtype="F32"))

    assert store_of(model, WINDOWS + 1).load(4) is None
    assert store_of(other).load(4) is None
    other.close()


@pytest.mark.parametrize("spoil", [lambda raw: raw[:-1], lambda raw: raw[:-1] + b"\x55", lambda raw: raw[:9]])
def test_what_is_damaged_is_not_taken(model, spoil):
    store = store_of(model)
    store.keep(1, streams(1))
    (path,) = [each for each in store.paths if each.exists()]
    path.write_bytes(spoil(path.read_bytes()))

    assert store.load(4) is None


def test_nothing_is_written_for_a_short_calibration_or_left_by_one_that_ended(model):
    store = store_of(model, seconds=100.0)
    store.keep(1, streams(1))
    assert not any(each.exists() for each in store.paths)

    layers = Layers(model, WINDOWS, 1, store_of(model))
    finish(layers.reach(4))
    assert any(each.exists() for each in store.paths)
    layers.close()
    assert not any(each.exists() for each in store.paths)


def test_what_was_left_long_ago_goes(model):
    old = store_of(model, WINDOWS + 1)
    old.keep(1, streams(1))
    (path,) = [each for each in old.paths if each.exists()]
    os.utime(path, (1, 1))

    store_of(model).keep(1, streams(1))

    assert not path.exists()


def test_a_full_disk_is_no_trouble(model, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 4000}))
    store = store_of(model)
    store.keep(1, streams(1))

    assert store.load(4) is None
