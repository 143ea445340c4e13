"""Ctrl-C is heard at once, once; what was before comes back afterwards."""

import os
import signal
import threading

import pytest

from octavo.cli.ctrl_c import stopped_by_ctrl_c


def press_ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


def test_first_ctrl_c_stops_and_the_second_interrupts():
    with stopped_by_ctrl_c() as stop:
        assert not stop.is_set()
        press_ctrl_c()
        assert stop.wait(10)
        with pytest.raises(KeyboardInterrupt):
            press_ctrl_c()


def test_ctrl_c_is_heard_while_the_handler_must_wait():
    with stopped_by_ctrl_c() as stop:
        # As if the main thread were in compiled code: its handler does nothing.
        signal.signal(signal.SIGINT, lambda number, frame: None)
        press_ctrl_c()
        assert stop.wait(10)


def test_handler_wakeup_and_threads_are_as_before():
    before, threads = signal.getsignal(signal.SIGINT), threading.active_count()
    with stopped_by_ctrl_c():
        assert threading.active_count() == threads + 1
    assert signal.getsignal(signal.SIGINT) is before
    assert signal.set_wakeup_fd(-1) == -1
    assert threading.active_count() == threads
