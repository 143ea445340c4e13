"""The fake engine's pipe: messages out, requests in, and how to end badly."""

from __future__ import annotations

import os
import signal
import sys

from octavo.worker.protocol import Cancel, FrameReader, Message, Request, decode_request, frame

_frames = FrameReader()
_requests: list[Request] = []


def send(message: Message) -> None:
    """Put one message on the pipe."""
    os.write(1, frame(message))


def take() -> Request:
    """The next request; ends the child when there is none any more."""
    while not _requests:
        data = os.read(0, 65536)
        if not data:
            sys.exit(0)
        _requests.extend(decode_request(body) for body in _frames.feed(data))
    return _requests.pop(0)


def wait_for_cancel(*, heeds: bool) -> None:
    """Read requests until one cancels."""
    while not isinstance(take(), Cancel) or not heeds:
        pass


def die() -> None:
    """End as a crash does."""
    print("the last words of the engine", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
