import gc
import threading
import weakref

import pytest
from PySide6.QtCore import QObject

from octavo.gui.garbage import GarbageCollector


class Knot(QObject):
    """Hangs in a cycle with itself."""

    def __init__(self) -> None:
        super().__init__()
        self.itself = self


@pytest.fixture
def collector(qtbot):
    was_enabled = gc.isenabled()
    made = GarbageCollector()
    yield made
    made.stop()
    if not was_enabled:
        gc.disable()


def test_garbage_of_the_window_survives_a_busy_thread_and_ends_in_the_windows_own(collector):
    knot = weakref.ref(Knot())

    thread = threading.Thread(target=lambda: [[each] for each in range(100_000)])
    thread.start()
    thread.join()
    assert knot() is not None

    kept = [[each] for each in range(2_000)]
    while knot() is not None and len(kept) < 10_000_000:
        collector.look()
        kept += [[each] for each in range(2_000)]
    assert knot() is None


def test_python_collects_again_after_the_end(collector):
    assert not gc.isenabled()

    collector.stop()

    assert gc.isenabled()
