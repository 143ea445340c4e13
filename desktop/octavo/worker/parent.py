"""What a child does when its front-end ends: told so it tidies up, orphaned it leaves a conversion to be resumed."""

from __future__ import annotations

import os
import threading
import time

from octavo.worker.protocol import Convert, Request

_SECONDS_TO_TIDY_UP = 5.0
_SECONDS_TO_DIE = 0.2  # between the end of a dying front-end's pipes and its own


class Parent:
    """The front-end that this process works for."""

    def __init__(self) -> None:
        self._number = os.getppid()
        self._is_resumable = False

    def works_on(self, request: Request | None) -> None:
        """Take note of the request that is being answered; None between two."""
        self._is_resumable = type(request) is Convert

    def pipe_ended(self) -> None:
        """Let the process tidy up, and end it a few seconds later whatever it is doing; or leave all as it is."""
        self.leave_if_orphaned()
        timer = threading.Timer(_SECONDS_TO_TIDY_UP, os._exit, (1,))
        timer.daemon = True
        timer.start()

    def leave_if_orphaned(self) -> None:
        """End at once if the front-end is dead: the conversion's files and journal stay, to be gone on with."""
        ends = time.monotonic() + _SECONDS_TO_DIE
        while self._is_resumable and time.monotonic() < ends:
            self._leave_orphaned()
            time.sleep(0.01)

    def told_to_end(self, number: int, _frame: object) -> None:
        """End as an exception, so that unfinished files are removed: SIGTERM, which the parent's death sends too."""
        self._leave_orphaned()
        raise SystemExit(128 + number)

    def _leave_orphaned(self) -> None:
        if self._is_resumable and os.getppid() != self._number:
            os._exit(1)
