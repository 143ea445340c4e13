"""Runs a plugin's code so that nothing it does stops the application.

The code runs in a thread of its own, because only so can the caller go on when it hangs. Whatever it
raises, SystemExit too, becomes `PluginFailed`; what it prints goes to standard error; the working
folder is put back.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

from octavo.engine.errors import OctavoError, PluginFailed

Result = TypeVar("Result")

SECONDS_ALLOWED = 10.0


class _Call(Generic[Result]):
    """One call in a thread: its result, or what it raised."""

    def __init__(self, function: Callable[[], Result]) -> None:
        self._function = function
        self.results: list[Result] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.results.append(self._function())
        except BaseException as error:  # handed on by guarded()
            self.error = error


def guarded(
    name: str, what: str, function: Callable[[], Result], seconds_allowed: float = SECONDS_ALLOWED
) -> Result:
    """Return ``function()``; raise `PluginFailed` for plugin ``name`` if it fails or takes too long.

    Parameters
    ----------
    what : str
        What the plugin was doing, for the sentence: ``loading``, ``its hook quantizers``.
    """
    call = _Call(function)
    thread = threading.Thread(target=call.run, name=f"plugin {name}", daemon=True)
    with _working_folder_kept(), contextlib.redirect_stdout(sys.stderr):
        thread.start()
        thread.join(seconds_allowed)
    if thread.is_alive():
        raise PluginFailed(name, f"{name}: {what} took more than {seconds_allowed:g} s and was given up.")
    if call.error is not None:
        raise failure(name, what, call.error) from call.error
    return call.results[0]


def failure(name: str, what: str, error: BaseException) -> PluginFailed:
    """The error as one sentence that names the plugin."""
    if isinstance(error, OctavoError):
        return PluginFailed(name, f"{name}: {what} failed: {error.message}", error.hint)
    lines = str(error).strip().splitlines()
    said = f": {lines[0][:200]}" if lines else ""
    return PluginFailed(name, f"{name}: {what} failed with {type(error).__name__}{said}")


@contextlib.contextmanager
def _working_folder_kept() -> Iterator[None]:
    try:
        before = Path.cwd()
    except (
        OSError
    ):  # it was removed before we came: there is nothing to go back to, and elsewhere is no better
        yield
        return
    try:
        yield
    finally:
        for folder in (before, Path.home(), Path(before.anchor)):
            try:
                os.chdir(folder)
                break
            except OSError:  # the plugin removed it: the next best place
                continue
