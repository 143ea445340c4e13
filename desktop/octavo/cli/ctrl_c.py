"""Ctrl-C as a wish to stop, heard even while compiled code runs."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable, Generator, Iterator
from threading import Thread
from types import FrameType
from typing import TypeVar

from octavo.engine.errors import OctavoError
from octavo.engine.progress import Progress, Work
from octavo.engine.stop import Stop

Step = TypeVar("Step")
Result = TypeVar("Result")


@contextlib.contextmanager
def stopped_by_ctrl_c() -> Iterator[Stop]:
    """Set the ``Stop`` at the first Ctrl-C; the second one interrupts as usual."""
    stop = Stop()
    n_pressed = 0

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal n_pressed
        n_pressed += 1
        if n_pressed > 1:
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        with _heard_at_once(stop):
            yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def interrupted(
    work: Generator[Step, None, Result], stop: Stop, told: Callable[[Step], Progress | None]
) -> Work[Result]:
    """``work`` until ``stop`` is set, as ordinary work: ``told`` says what its steps tell, None for nothing.

    Raises
    ------
    KeyboardInterrupt
        ``stop`` was set; what the work itself says then is that it was stopped.
    """
    with contextlib.closing(work):
        while True:
            try:
                step = next(work)
            except StopIteration as end:
                result: Result = end.value
                return result
            except OctavoError as error:
                if stop.is_set():
                    raise KeyboardInterrupt from error
                raise
            if stop.is_set():
                raise KeyboardInterrupt
            progress = told(step)
            if progress is not None:
                yield progress


@contextlib.contextmanager
def _heard_at_once(stop: Stop) -> Iterator[None]:
    """Set ``stop`` from a thread of its own at Ctrl-C.

    Python calls a handler in the main thread when it is back from compiled code, which reads a prompt by the
    hundreds of tokens; but it writes the signal's number to a socket at once.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)

    def listen() -> None:
        while signals := reader.recv(16):
            if signal.SIGINT in signals:
                stop.set()

    listener = Thread(target=listen, name="ctrl-c", daemon=True)
    listener.start()
    before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        writer.close()
        listener.join()
        reader.close()
