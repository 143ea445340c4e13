"""How quickly a long chat opens, scrolls and streams in the window: ``python -m tests.benchmarks.chat_view``.

A chat of 1,000 messages is opened and scrolled from end to end, then an answer of 10,000 tokens streams below it at
100 tokens per second. Time is virtual: each 33 ms tick is worked off at once and timed with all that follows from it,
layout and painting too, so that the longest one is the longest the window could not have answered. On a busy
machine the wall times say more about the neighbours; the processor times of the window's thread do not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication, QElapsedTimer, QEvent, QEventLoop
from PySide6.QtWidgets import QApplication

from octavo.gui.markdown.highlight import warm_up
from octavo.gui.markdown.parser import parse
from octavo.gui.theme.apply import apply_theme
from octavo.gui.theme.fonts import load_fonts
from octavo.gui.widgets.answer_message import AnswerMessage
from octavo.gui.widgets.message_list import MessageList
from octavo.gui.widgets.message_view import ShownMessage

SIZE = (855, 560)
TICK_SECONDS = 0.033
FRAME_MS = 16
STALL_MS = 50
WORDS = (
    "the",
    "weights",
    "of",
    "each",
    "block",
    "share",
    "one",
    "scale",
    "and",
    "every",
    "row",
    "is",
    "read",
    "in",
)
CODE = "def unpack(q, scale):\n    for i in range(32):  # one block\n        out[i] = scale * q[i]\n    return out\n"


def prose(chance: random.Random, n_words: int) -> str:
    """Words with some marks among them."""
    words = [chance.choice(WORDS) for _ in range(n_words)]
    for place in range(5, n_words, 17):
        words[place] = chance.choice((f"**{words[place]}**", f"`{words[place]}`", f"*{words[place]}*"))
    return " ".join(words)


def markdown(chance: random.Random, n_words: int) -> str:
    """Paragraphs, headings, lists, code, tables and quotes."""
    blocks: list[str] = []
    while sum(block.count(" ") for block in blocks) < n_words:
        blocks.append(
            chance.choice(
                (
                    prose(chance, chance.randint(30, 90)),
                    prose(chance, chance.randint(30, 90)),
                    "## " + prose(chance, 4),
                    "\n".join(f"{n}. {prose(chance, 12)}" for n in range(1, 7)),
                    f"```python\n{CODE * chance.randint(1, 8)}```",
                    "| a | b | c |\n|---|--:|---|\n" + "| one | 2 | three |\n" * 6,
                    "> " + prose(chance, 25),
                )
            )
        )
    return "\n\n".join(blocks)


def messages(n_messages: int) -> list[ShownMessage]:
    """Questions and answers of mixed length."""
    chance = random.Random(1)
    made = []
    for number in range(n_messages):
        is_answer = number % 2 == 1
        text = (
            markdown(chance, chance.randint(40, 300)) if is_answer else prose(chance, chance.randint(5, 60))
        )
        made.append(ShownMessage(number, "assistant" if is_answer else "user", text, "12 tok/s"))
    return made


class Watch:
    """Milliseconds of wall and of this thread's processor time, stretch by stretch."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.processor: list[float] = []
        self.begin()

    def begin(self) -> None:
        """A stretch begins."""
        self.started = time.perf_counter(), time.thread_time()

    def end(self) -> None:
        """The stretch that began last ends."""
        self.wall.append(1000 * (time.perf_counter() - self.started[0]))
        self.processor.append(1000 * (time.thread_time() - self.started[1]))


def settle() -> None:
    """Work off everything that is due, painting too."""
    for _ in range(3):
        QCoreApplication.sendPostedEvents()
        QApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def told(times: list[float]) -> dict[str, float]:
    """What is worth knowing of some durations, ms."""
    ordered = sorted(times)
    return {
        "p50": round(ordered[len(ordered) // 2], 2),
        "p99": round(ordered[int(0.99 * (len(ordered) - 1))], 2),
        "max": round(ordered[-1], 2),
    }


def scroll(view: MessageList, step: int, n_steps: int) -> Watch:
    """Scroll up from the end, with a frame's pause after each step for what is made ahead; both are timed."""
    bar, watch = view.verticalScrollBar(), Watch()
    while bar.value() > 0 and len(watch.wall) < n_steps:
        watch.begin()
        bar.setValue(bar.value() - step)
        settle()
        watch.end()
        pause = QElapsedTimer()
        pause.start()
        watch.begin()
        while pause.elapsed() < FRAME_MS:
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 2)
        # What was made ahead is a stretch of its own; the waiting in it takes no processor.
        watch.processor.append(1000 * (time.thread_time() - watch.started[1]))
    return watch


def stream(view: MessageList, n_tokens: int, tokens_per_second: float) -> Watch:
    """Let an answer grow, tick by tick."""
    text = markdown(random.Random(2), n_tokens)
    characters = len(text) / n_tokens * tokens_per_second * TICK_SECONDS
    view.begin_answer(ShownMessage(10**6, "assistant", ""))
    settle()
    growing = view.findChildren(AnswerMessage)[-1]
    watch, place = Watch(), 0.0
    while place < len(text):
        watch.begin()
        view.grow_answer(text[int(place) : int(place + characters)])
        growing.draw_now()
        settle()
        watch.end()
        place += characters
    watch.begin()
    view.end_answer(ShownMessage(10**6, "assistant", text, "100 tok/s"))
    settle()
    watch.end()
    return watch


def main() -> None:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--tokens", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=1000, help="steps of the wheel")
    parser.add_argument("--step", type=int, default=120, help="pixels per step of the wheel")
    chosen = parser.parse_args()
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    load_fonts()
    sheet = apply_theme(application, "dark")
    parse("warm *up*")
    warm_up()
    view = MessageList()
    view.setStyleSheet(sheet)
    view.resize(*SIZE)
    view.show()
    settle()
    chat = messages(chosen.messages)
    watch = Watch()
    view.show_messages(chat)
    settle()
    watch.end()
    opened, opened_processor = watch.wall[0] / 1000, watch.processor[0] / 1000
    scrolled = scroll(view, chosen.step, chosen.steps)
    view.jump_to_latest()
    settle()
    streamed = stream(view, chosen.tokens, 100.0)
    figures = {
        "messages": chosen.messages,
        "open_seconds": round(opened, 3),
        "open_processor_seconds": round(opened_processor, 3),
        "scroll_ms": told(scrolled.wall),
        "scroll_processor_ms": told(scrolled.processor),
        "stream_ticks": len(streamed.wall),
        "stream_ms": told(streamed.wall),
        "stream_processor_ms": told(streamed.processor),
        "stalls_over_50_ms": sum(1 for each in streamed.wall if each > STALL_MS),
        "stalls_over_50_ms_of_processor": sum(1 for each in streamed.processor if each > STALL_MS),
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
