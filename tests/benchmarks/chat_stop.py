"""How long Stop takes in the window, at each stage of an answer, with the real engine::

python -m tests.benchmarks.chat_stop MODEL [--times 10]

Stages: while the model loads, while a long question is read, while the answer streams. Told are milliseconds from Stop
until the window takes the next question, and until the engine itself is free again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication, QEventLoop, QObject, QTimer

from octavo.gui.chat_desk import ChatDesk, Question
from octavo.worker.protocol import Load

PATIENCE_SECONDS = 120.0
WORDS = "The river runs past the old mill, and in the evening the children count the boats. "
LOADING, READING, STREAMING = "loading", "reading", "streaming"
GOAL_MS = 200.0


class Bench(QObject):
    """A desk that is asked and stopped."""

    def __init__(self, model: str) -> None:
        super().__init__()
        self._model, self._chance = model, random.Random(1)
        self.desk = ChatDesk(self)
        self._n_pieces = self._n_read = 0
        self.desk.grew.connect(self._note_piece)
        self.desk.progressed.connect(self._note_progress)

    def stop_once(self, stage: str, n_questions: int) -> tuple[float, float]:
        """Ask, stop in ``stage``; milliseconds until the window is free, and until the engine is."""
        self._n_pieces = self._n_read = 0
        if stage == LOADING:
            self.desk.load(Load(path=self._model, context_tokens=4096 + n_questions))
        words = f"{n_questions} " + (WORDS * 150 if stage == READING else "Tell me a long story.")
        said = [{"role": "user", "content": words}]
        self.desk.ask(Question(said, {"temperature": 1.0}, overflow="drop_oldest"))
        begun: dict[str, Callable[[], bool]] = {
            LOADING: lambda: True,
            READING: lambda: self._n_read > 0 or self._n_pieces > 0,
            STREAMING: lambda: self._n_pieces > 3,
        }
        self._wait(begun[stage])
        self._pause(self._chance.uniform(0.0, 0.1))
        started = time.perf_counter()
        self.desk.stop()
        self._wait(lambda: not self.desk.is_answering)
        window_ms = 1000 * (time.perf_counter() - started)
        self._wait(lambda: not self.desk._engine.is_busy)
        return window_ms, 1000 * (time.perf_counter() - started)

    def _note_piece(self) -> None:
        self._n_pieces += 1

    def _note_progress(self, event: object) -> None:
        self._n_read += getattr(event, "stage", "") == "prefill"

    def _wait(self, is_done: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not is_done():
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 5)
            if time.monotonic() > until:
                raise SystemExit("the engine does not answer")

    def _pause(self, seconds: float) -> None:
        loop = QEventLoop()
        QTimer.singleShot(int(1000 * seconds), loop.quit)
        loop.exec()


def main() -> None:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--times", type=int, default=10)
    chosen = parser.parse_args()
    application = QCoreApplication([])
    figures = {}
    with tempfile.TemporaryDirectory() as home:
        os.environ["OCTAVO_HOME"] = home
        bench, number = Bench(chosen.model), 0
        for stage in (LOADING, READING, STREAMING):
            taken = []
            for _ in range(chosen.times):
                number += 1
                taken.append(bench.stop_once(stage, number))
            window, engine = (sorted(each) for each in zip(*taken, strict=True))
            figures[stage] = {
                "window_ms": {"median": round(window[len(window) // 2], 1), "max": round(window[-1], 1)},
                "engine_ms": {"median": round(engine[len(engine) // 2], 1), "max": round(engine[-1], 1)},
            }
        bench.desk.close()
    longest = max(each["window_ms"]["max"] for each in figures.values())
    print(json.dumps({**figures, "is_within_goal": longest <= GOAL_MS}, indent=1))
    del application


if __name__ == "__main__":
    main()
