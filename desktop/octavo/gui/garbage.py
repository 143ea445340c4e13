"""Collects Python's cyclic garbage in the window's own thread, and nowhere else.

Plugins are asked in threads of their own. Were the collector to run there, it would destroy widgets that hang in
a cycle, and Qt aborts when timers and windows end in another thread.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

LOOK_MS = 1000


class GarbageCollector(QObject):
    """Takes the collector's work over from the moment it is made until ``stop``."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        # What the start has made stays until the end; looking through it again and again would cost frames.
        gc.collect()
        gc.freeze()
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect the oldest generation that is full."""
        counts, limits = gc.get_count(), gc.get_threshold()
        full = [each for each in range(3) if counts[each] > limits[each] > 0]
        if full:
            gc.collect(full[-1])

    def stop(self) -> None:
        """Give the work back to Python."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()
