import pytest

from octavo.engine.estimate.speeds import known_speeds
from octavo.engine.hardware import bandwidth
from octavo.engine.inference import speed_probe
from octavo.engine.inference.speed_probe import read_speeds
from octavo.engine.inference.stand_in import Shape
from octavo.engine.progress import finish

TINY = Shape(n_layers=1, width=64, feed_forward=64, n_heads=2, n_kv_heads=1, n_vocabulary=32)


@pytest.fixture(autouse=True)
def small_probe(monkeypatch):
    """Shapes that take milliseconds, of a kind that other tests have compiled."""
    wide = Shape(n_layers=1, width=128, feed_forward=128, n_heads=4, n_kv_heads=1, n_vocabulary=32)
    for name in ("_SMALL_SHAPE", "_KIND_SHAPE", "_NARROW_SHAPE", "_CACHE_SHAPE"):
        monkeypatch.setattr(speed_probe, name, TINY)
    monkeypatch.setattr(speed_probe, "_LARGE_SHAPE", wide)
    monkeypatch.setattr(speed_probe, "_DEPTH", 32)
    monkeypatch.setattr(speed_probe, "_ANSWER_ROUNDS", 2)
    monkeypatch.setattr(bandwidth, "_sizes", lambda: [1 << 20])
    monkeypatch.setattr(bandwidth, "_SECONDS", 0.001)


def test_all_figures_of_a_probe_are_speeds():
    speeds = finish(read_speeds(["Q8_0"], 1, compiles=True))

    kind = speeds.kinds["Q8_0"]
    assert min(kind.decode, kind.prefill, kind.packing) > 0
    assert speeds.layer > 0
    assert speeds.column >= 0
    assert set(speeds.caches) == {"f16", "q8_0"}


def test_a_second_probe_times_nothing_that_is_known(monkeypatch):
    first = finish(read_speeds(["Q8_0"], 1, compiles=True))
    monkeypatch.setattr(speed_probe, "_timed", None)

    assert finish(read_speeds(["Q8_0"], 1)) == first == known_speeds(1)


def test_kinds_without_compiled_kernels_and_without_kernels_are_left_out(monkeypatch):
    monkeypatch.setattr(speed_probe, "is_compiled", lambda kind: False)

    speeds = finish(read_speeds(["Q8_0", "IQ2_XS"], 1))

    assert speeds.kinds == {}
    assert speeds.bandwidth
