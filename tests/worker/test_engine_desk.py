import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.stop import Stop
from octavo.worker.engine_desk import EngineDesk, Stopped
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
