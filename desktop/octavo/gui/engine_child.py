"""How the engine's child process is started, and how it is ended without leaving anything behind."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QCoreApplication, QObject, QProcess, QProcessEnvironment, Qt, QTimer

# How long a child that was asked to end may remove unfinished files, milliseconds.
TIDY_MS = 1500
# A killed child is gone at once, unless it has much memory to give back or waits for a disk.
GONE_MS = 10_000


def child_command() -> list[str]:
    """How to start the engine: this Python, or this very program where it is frozen."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--worker"]
    # Without -P modules would come from the working folder first, and that may be a stranger's model.
    return [sys.executable, "-P", "-m", "octavo.worker"]


def background_command() -> list[str]:
    """How to start an engine that leaves the processor to others."""
    return [*child_command(), "--background"]


def child_process(parent: QObject) -> QProcess:
    """A process in the environment of an engine, not yet started."""
    process = QProcess(parent)
    environment = QProcessEnvironment.systemEnvironment()
    # Waiting threads must not spin: this window is the neighbour that they would slow down.
    environment.insert("OMP_WAIT_POLICY", "PASSIVE")
    environment.insert("PYTHONFAULTHANDLER", "1")
    process.setProcessEnvironment(environment)
    return process


def end_later(process: QProcess, end: Callable[[], object]) -> None:
    """Call ``end`` in a while; by then a child that could tidy up has done so."""
    timer = QTimer(process, singleShot=True, interval=TIDY_MS)
    timer.timeout.connect(end)
    timer.start()


def end_unwatched(process: QProcess) -> None:
    """Ask a child to end, and let the program see to it that it does."""
    process.blockSignals(True)
    # It may outlive whoever started it: see ``bury_children``.
    process.setParent(QCoreApplication.instance())
    end_later(process, partial(_bury, process))
    process.terminate()


def end_now(process: QProcess, *, leaves_all: bool) -> None:
    """End a child and wait until it is gone; ``leaves_all``: it tidies nothing up."""
    process.blockSignals(True)
    if not leaves_all:
        process.terminate()
    if leaves_all or not process.waitForFinished(TIDY_MS):
        process.kill()
        process.waitForFinished(GONE_MS)


def bury_children() -> None:
    """End the children that were dismissed and still tidy up: the end of the program."""
    application = QCoreApplication.instance()
    if application is not None:
        for process in application.findChildren(QProcess, options=Qt.FindChildOption.FindDirectChildrenOnly):
            _bury(process)


def _bury(process: QProcess) -> None:
    if process.state() != QProcess.ProcessState.NotRunning:
        process.kill()
        process.waitForFinished(GONE_MS)
    process.deleteLater()
