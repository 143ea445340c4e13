"""The child process as plain blocking code sees it: ask, and iterate over what it says.

The window has its own client, without threads or blocking; both speak ``protocol``.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any

import msgspec

from octavo.engine.errors import OctavoError
from octavo.worker.protocol import (
    PROTOCOL_VERSION,
    Cancel,
    Done,
    Event,
    Failed,
    FrameReader,
    Hello,
    Request,
    decode_event,
    frame,
)

_CHUNK_BYTES = 65_536
_LOG_BYTES = 16_384
_SECONDS_TO_END = 6.0


class EngineStopped(OctavoError):
    """The child has ended before it answered."""


class RequestFailed(OctavoError):
    """The child answered with a failure; ``kind`` and ``details`` are those of ``Failed``."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.message, failed.hint)
        self.kind = failed.kind
        self.details = failed.details


def child_command(*options: str) -> list[str]:
    """How to start the child: this Python, or this very program where it is frozen."""
    how = ["--worker"] if getattr(sys, "frozen", False) else ["-m", "octavo.worker"]
    return [sys.executable, *how, *options]


class EngineClient:
    """One child process; started at the first request, and again after it has died.

    Start it from a thread that lives as long as the child: the system ends the child with that thread.

    Parameters
    ----------
    command : sequence of str, optional
        How to start the child.
    """

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self._command = list(command or child_command())
        self._process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # closed by close()
        self._frames = FrameReader()
        self._events: deque[Event] = deque()
        self._last_id = 0

    def __enter__(self) -> EngineClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._started().pid

    def start(self) -> Hello:
        """Start a fresh child and wait for its greeting."""
        self._end()
        self._frames, self._events = FrameReader(), deque()
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, bufsize=0
        )
        hello = self._next_event()
        if not isinstance(hello, Hello) or hello.protocol != PROTOCOL_VERSION:
            self._end()
            raise EngineStopped("The engine belongs to another version of Octavo.", "Install Octavo again.")
        return hello

    def send(self, request: Request) -> int:
        """Send a request without waiting; return its number."""
        self._last_id += 1
        stdin = self._started().stdin
        assert stdin is not None
        with contextlib.suppress(BrokenPipeError):  # the next event says that it has ended
            stdin.write(frame(msgspec.structs.replace(request, id=self._last_id)))
        return self._last_id

    def events(self, number: int) -> Iterator[Event]:
        """What the child says about a request, its ``Done`` included; raises ``RequestFailed``."""
        while True:
            event = self._next_event()
            if isinstance(event, Failed) and event.id in (number, 0):  # 0: it could not read what we sent
                raise RequestFailed(event)
            if event.id == number:
                yield event
                if isinstance(event, Done):
                    return

    def ask(self, request: Request, tell: Callable[[Event], None] | None = None) -> Any:  # plain data
        """Send a request and wait for its result; what comes before goes to ``tell``."""
        for event in self.events(self.send(request)):
            if isinstance(event, Done):
                return event.result
            if tell is not None:
                tell(event)
        raise AssertionError("events() ends with Done or an exception")

    def cancel(self, number: int) -> None:
        """Ask the child to stop a request; its events go on until it has."""
        self.send(Cancel(target=number))

    def log(self) -> str:
        """The end of what the child printed."""
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - _LOG_BYTES))
        return self._log.read().decode("utf-8", "replace")

    def close(self) -> None:
        """End the child, letting it tidy up."""
        self._end()
        self._log.close()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self.start()
        assert self._process is not None
        return self._process

    def _next_event(self) -> Event:
        process = self._process
        if process is None:
            raise EngineStopped("The engine is not running.", "Start it again.")
        assert process.stdout is not None
        while not self._events:
            chunk = process.stdout.read(_CHUNK_BYTES)
            if not chunk:
                raise self._stopped()
            self._events.extend(decode_event(body) for body in self._frames.feed(chunk))
        return self._events.popleft()

    def _stopped(self) -> EngineStopped:
        status = self._end()
        reason = f"signal {-status}" if status < 0 else f"status {status}"
        return EngineStopped(f"The engine stopped unexpectedly ({reason}).", "Start it again.")

    def _end(self) -> int:
        """End the child if it is running; return its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()
        try:
            return process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
