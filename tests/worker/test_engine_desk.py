import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.checkpoint.gguf_reader import GgufCheckpoint
from octavo.engine.errors import OctavoError
from octavo.engine.inference.session import Session
from octavo.engine.progress import finish
from octavo.engine.stop import Stop
from octavo.engine.tokenizer import suspicion
from octavo.worker.engine_desk import EngineDesk, Stopped
from octavo.worker.loaded_model import load_model
from octavo.worker.protocol import Load


class StoppingOutbox:
    """Sets ``stop`` when the n-th progress is told."""

    def __init__(self, stop, n):
        self.stop, self.n = stop, n

    def progress(self, number, stage, progress):
        self.n -= 1
        if self.n == 0:
            self.stop.set()


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_loading_stops_before_the_first_weight_too(tmp_path, n):
    path = tmp_path / "tiny.gguf"
    write_tiny_gguf(path)
    stop = Stop()
    desk = EngineDesk(StoppingOutbox(stop, n))

    with pytest.raises(Stopped):
        desk.answer(Load(path=str(path)), stop)

    assert desk._model is None


def test_a_model_that_fails_at_the_last_step_gives_its_memory_back(tmp_path, monkeypatch):
    path = tmp_path / "tiny.gguf"
    write_tiny_gguf(path)
    closed = []
    for kind in (Session, GgufCheckpoint):
        monkeypatch.setattr(
            kind, "close", lambda self, close=kind.close: (closed.append(type(self)), close(self))
        )

    def refuse(source):
        raise OctavoError("The template cannot be read.")

    monkeypatch.setattr(suspicion, "suspicious", refuse)

    with pytest.raises(OctavoError, match="cannot be read"):
        finish(load_model(Load(path=str(path), context_tokens=32, n_threads=1)))

    assert closed == [Session, GgufCheckpoint]
