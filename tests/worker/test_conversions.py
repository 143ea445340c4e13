"""A request for copies, worked off in this process."""

import shutil

import pytest

from octavo.engine.convert import convert as engine_convert
from octavo.engine.errors import OctavoError
from octavo.engine.progress import Progress
from octavo.plugin.host import PluginHost
from octavo.store.library import demo_model
from octavo.worker.conversions import converted
from octavo.worker.convert_messages import Convert, Copy, Forecasted


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model"
    shutil.copytree(demo_model(), path)
    return path


def request(model, **more):
    target = model.with_name("copy.gguf")
    copy = Copy(quantizer="Q8_0", output=str(target), options={"mode": "quick"})
    return Convert(path=str(model), copies=[copy], proves=False, **more)


def test_the_forecast_comes_before_the_first_tensor(model):
    steps = []
    work = converted(request(model), PluginHost())
    for step in work:
        steps.append(step)
        if isinstance(step, Progress) and step.n_steps:
            break
    work.close()

    assert [isinstance(each, Forecasted) for each in steps].count(True) == 1
    assert not model.with_name("copy.gguf").exists()


def test_a_source_that_is_gone_is_named_with_a_next_step(model, monkeypatch):
    def unplugged(*_, **__):
        yield Progress(0, 1)
        shutil.rmtree(model)
        raise OSError(5, "Input/output error", str(model))

    monkeypatch.setattr(engine_convert, "convert_all", unplugged)

    with pytest.raises(OctavoError, match=r"model cannot be read any more") as caught:
        list(converted(request(model), PluginHost()))

    assert "disk still connected" in caught.value.hint


def test_trouble_with_the_target_is_not_blamed_on_the_source(model, monkeypatch):
    def full(*_, **__):
        yield Progress(0, 1)
        raise OSError(28, "No space left on device", "copy.gguf")

    monkeypatch.setattr(engine_convert, "convert_all", full)

    with pytest.raises(OSError, match="No space left"):
        list(converted(request(model), PluginHost()))
