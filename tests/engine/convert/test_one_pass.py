"""Pieces under way: none while a calibration works, and none that anybody waits for when it is stopped."""

import contextlib
import time
from threading import Event

import numpy as np
import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.blocks.codec import encode
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert import one_pass
from octavo.engine.convert.convert import convert
from octavo.engine.progress import finish
from octavo.plugin.host import PluginHost

Q8_0 = PluginHost().quantizer("Q8_0")


@pytest.fixture
def source(tmp_path):
    with contextlib.closing(open_checkpoint(write_tiny_gguf(tmp_path / "model.gguf"))) as checkpoint:
        yield checkpoint


class Slow:
    """A calibration whose rows take a moment; notes how many are under way whenever it is asked."""

    def __init__(self):
        self.n_running = 0
        self.seen = []

    def encoder(self, tensor, to):
        self.seen.append(self.n_running)
        self.n_running += 1
        yield from ()
        left = tensor.rows

        def encoded(weights, first):
            nonlocal left
            time.sleep(0.002)
            left -= len(weights)
            self.n_running -= not left
            return encode(np.ascontiguousarray(weights), to)

        return encoded

    def close(self):
        pass


def test_a_calibration_has_the_processors_to_itself(source, tmp_path):
    slow = Slow()

    finish(convert(source, Q8_0, None, tmp_path / "new.gguf", calibration=slow, n_threads=1))

    assert slow.seen == [0] * len(source.tensors)


class Endless:
    """Q8_0, whose second call does not end before it is let."""

    name, summary, format, Options, plan = Q8_0.name, Q8_0.summary, "gguf", None, Q8_0.plan

    def __init__(self):
        self.n_calls = 0
        self.is_held, self.may_end, self.has_ended = Event(), Event(), Event()

    def encode(self, weights, to, importance=None):
        self.n_calls += 1
        if self.n_calls > 1:
            self.is_held.set()
            self.may_end.wait(10)
            self.has_ended.set()
        return encode(weights, to)


def test_who_stops_does_not_wait_for_a_plugin_that_does_not_end(source, tmp_path, monkeypatch):
    monkeypatch.setattr(one_pass, "_PATIENCE_SECONDS", 0.01)
    quantizer = Endless()
    work = convert(source, quantizer, None, tmp_path / "new.gguf", n_threads=1)
    try:
        while not next(work).done:  # the first piece is written when four more are under way
            pass
        assert quantizer.is_held.wait(10)
        work.close()
        assert not quantizer.has_ended.is_set()
    finally:
        quantizer.may_end.set()
    assert [each.name for each in tmp_path.iterdir()] == ["model.gguf"]
