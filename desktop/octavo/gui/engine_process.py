"""The engine's child process as the window sees it: questions go in, signals come out, no threads.

Frames of ``worker.protocol`` cross the child's standard input and output through ``QProcess``. What the
child prints goes to standard error, of which the end is kept for "Details".
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QObject, QProcess, Signal

from octavo.gui.engine_call import Call
from octavo.gui.engine_child import child_command, child_process, end_later, end_now, end_unwatched
from octavo.worker.protocol import (
    PROTOCOL_VERSION,
    Cancel,
    ComparePiece,
    Done,
    Event,
    Failed,
    Forecasted,
    FrameReader,
    Hello,
    MeasureProgress,
    Piece,
    Progressed,
    Replied,
    Request,
    decode_event,
    frame,
)

GRACE_MS = 300
LOG_BYTES = 16_384
_KILLED = 9


class EngineProcess(QObject):
    """A child process that does the engine's work.

    Parameters
    ----------
    command : sequence of str or None
        How to start the child; by default the real engine.
    grace_ms : int
        How long a cancelled request may take to end before the child is killed, milliseconds.
    """

    ready = Signal(Hello)
    ended = Signal()
    crashed = Signal(Failed)

    def __init__(
        self, parent: QObject | None = None, *, command: Sequence[str] | None = None, grace_ms: int = GRACE_MS
    ) -> None:
        super().__init__(parent)
        self._command = list(command or child_command())
        self._grace_ms = grace_ms
        self._process: QProcess | None = None
        self._frames = FrameReader()
        self._calls: dict[int, Call] = {}
        self._next_number = 1
        self._log = b""
        self._is_closed = False
        self.hello: Hello | None = None

    @property
    def is_running(self) -> bool:
        """Whether the child lives."""
        return self._process is not None

    @property
    def is_busy(self) -> bool:
        """Whether a request is under way."""
        return bool(self._calls)

    def start(self) -> None:
        """Start the child if it is not running; after ``close`` none is started any more."""
        if self._process is not None or self._is_closed:
            return
        self._frames, self._log, self.hello = FrameReader(), b"", None
        process = child_process(self)
        process.readyReadStandardOutput.connect(self._read_events)
        process.readyReadStandardError.connect(self._read_log)
        process.finished.connect(self._child_finished)
        process.errorOccurred.connect(self._child_failed_to_start)
        self._process = process
        process.start(self._command[0], self._command[1:])

    def ask(self, request: Request) -> Call:
        """Send ``request``, starting the child if need be; after ``close`` nothing answers."""
        self.start()
        number = self._next_number
        self._next_number += 1
        call = Call(self, number)
        if self._is_closed:
            return call
        self._calls[number] = call
        self._send(msgspec.structs.replace(request, id=number))
        return call

    def cancel(self, call: Call) -> None:
        """Send ``Cancel``; kill the child if the request has not ended after the grace time."""
        if call.number not in self._calls or call.is_cancelled:
            return
        call.is_cancelled = True
        self._send(Cancel(target=call.number))
        call.expect_end(self._grace_ms)

    def kill_for(self, call: Call) -> None:
        """End the child because ``call`` has not ended in time: politely, then by force."""
        if call.number in self._calls and self._process is not None:
            end_later(self._process, self._process.kill)
            self._process.terminate()

    def dismiss(self) -> None:
        """End the child without waiting for it; what it was doing fails as cancelled, a new one can start."""
        process = self._process
        if process is not None:
            end_unwatched(process)
            self._process = None
            self._cancel_all()
            self._end_calls("", "")

    def close(self, *, leaves_all: bool = False) -> None:
        """End the child and wait until it is gone: the end of the program. ``leaves_all``: it tidies nothing up."""
        # Those who are told that their call has ended may want to ask the next thing: too late.
        self._is_closed = True
        process = self._process
        if process is not None:
            end_now(process, leaves_all=leaves_all)
            self._cancel_all()
            self._end_calls("", "")

    def log(self) -> str:
        """The end of what the child printed."""
        return self._log.decode("utf-8", "replace")

    def _send(self, request: Request) -> None:
        if self._process is not None:
            self._process.write(frame(request))

    def _read_log(self) -> None:
        if self._process is not None:
            self._log = (self._log + self._process.readAllStandardError().data())[-LOG_BYTES:]

    def _read_events(self) -> None:
        if self._process is None:
            return
        try:
            bodies = self._frames.feed(bytes(self._process.readAllStandardOutput().data()))
            events = [decode_event(body) for body in bodies]
        except (ValueError, msgspec.DecodeError):
            self._log += b"\nThe engine sent something that is no message.\n"
            self._process.kill()
            return
        for event in events:
            self._tell(event)

    def _tell(self, event: Event) -> None:
        if isinstance(event, Hello):
            self._greet(event)
            return
        call = self._calls.get(event.id)
        if call is None:
            return
        match event:
            case Progressed():
                call.progressed.emit(event)
            case Forecasted():
                call.forecasted.emit(event)
            case Piece():
                call.piece.emit(event.text, event.n_tokens)
            case MeasureProgress():
                call.figured.emit(event)
            case ComparePiece():
                call.compare_piece.emit(event)
            case Replied():
                call.replied.emit(event)
            case Done():
                self._forget(call)
                call.done.emit(event.result)
            case Failed():
                self._forget(call)
                call.failed.emit(event)

    def _greet(self, hello: Hello) -> None:
        if hello.protocol != PROTOCOL_VERSION and self._process is not None:
            self._log += b"\nThe engine belongs to another version of Octavo.\n"
            self._process.kill()
            return
        self.hello = hello
        self.ready.emit(hello)

    def _cancel_all(self) -> None:
        for call in self._calls.values():
            call.is_cancelled = True

    def _forget(self, call: Call) -> None:
        del self._calls[call.number]

    def _child_failed_to_start(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._end_calls("The engine could not be started.", self._command[0])

    def _child_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read_log()
        message = "The engine stopped unexpectedly."
        if status == QProcess.ExitStatus.CrashExit and code == _KILLED:
            message = "The engine was stopped by the system, most likely because memory ran out."
        self._end_calls(message, self.log())

    def _end_calls(self, message: str, details: str) -> None:
        """Fail every call; tell of a crash unless all of them were being cancelled, or it was wanted."""
        process, self._process, self.hello = self._process, None, None
        if process is not None:
            process.deleteLater()
        calls, self._calls = list(self._calls.values()), {}
        crash = Failed(kind="crash", message=message, hint="Start it again.", details=details)
        self.ended.emit()
        for call in calls:
            call.failed.emit(
                Failed(id=call.number, kind="cancelled", message="Stopped.") if call.is_cancelled else crash
            )
        if message and not (calls and all(call.is_cancelled for call in calls)):
            self.crashed.emit(crash)
