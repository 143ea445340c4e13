"""Renders chat templates in a child process of their own.

A template can loop for ever or eat all memory, and no check beforehand can tell. A process can be killed.
It is kept between renderings, because starting one takes 0.1 s and a prompt is counted at every keystroke.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import weakref
from typing import Any

from octavo.engine.errors import OctavoError

_COMMAND = [sys.executable, "-P", "-m", "octavo.engine.tokenizer.render_child"]
# The longest that one rendering may take; the child's own limit on processor time is shorter.
_WALL_SECONDS = 10.0
_BUILT_IN = "Choose the built-in template instead."


class TemplateFailed(OctavoError):
    """The chat template is broken, or went beyond its limits."""


class ConversationRefused(OctavoError):
    """The chat template does not take a conversation of this form."""


class Renderer:
    """One rendering process, started when first needed, ended with this object."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[..., Renderer] | None = None

    def render(self, source: str, variables: dict[str, Any]) -> str:
        """The text that ``source`` makes of ``variables`` (plain values only).

        Raises ``ConversationRefused`` with the template's own words, or ``TemplateFailed``.
        """
        request = json.dumps({"source": source, "variables": variables}).encode() + b"\n"
        with self._lock:
            answer = self._ask(request)
        if "refused" in answer:
            raise ConversationRefused(
                f"The chat template refuses this conversation: {_line(answer['refused'])}"
            )
        if "failed" in answer:
            if answer["failed"] == "memory":
                self.close()
                raise TemplateFailed("The chat template needs more than 512 MB.", _BUILT_IN)
            raise TemplateFailed(f"The chat template does not work: {_line(answer['failed'])}.", _BUILT_IN)
        return answer["text"]

    def close(self) -> None:
        """End the process; the next rendering starts a new one."""
        if self._end is not None:
            self._end()
        self._process = self._end = None

    def __enter__(self) -> Renderer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, request: bytes) -> dict[str, str]:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        # The timer kills the child; then reading ends.
        timer = threading.Timer(_WALL_SECONDS, process.kill)
        timer.start()
        try:
            process.stdin.write(request)
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = b""
        finally:
            timer.cancel()
        if not line.endswith(b"\n"):
            self.close()
            raise TemplateFailed("The chat template takes too long or too much memory.", _BUILT_IN)
        answer: dict[str, str] = json.loads(line)
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = subprocess.Popen(
                _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            self._end = weakref.finalize(self, _stop, self._process)
            assert self._process.stdout is not None
            self._process.stdout.readline()  # it is ready: on a busy machine starting takes longer than rendering
        return self._process


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def _line(words: str) -> str:
    """A stranger's words as one short line without control characters."""
    shown = "".join(each if each.isprintable() else " " for each in words)
    return " ".join(shown.split())[:200].rstrip(".")
