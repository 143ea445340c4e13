"""For every test: a temporary home, no display, no network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fixtures.no_network import forbid_network

# Before anything imports Qt.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Compiled kernels are kept by content, so all tests, and the children they start, may share them.
os.environ.setdefault("OCTAVO_KERNEL_CACHE", str(Path(__file__).parents[1] / ".pytest_cache" / "kernels"))
forbid_network()


# What was timed of this computer; timing it for every test alone would take longer than the tests.
_TIMINGS = ("encode-speed.json", "calibration-speed.json")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh folder for settings, chats and caches, where only the computer's timings are known."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("OCTAVO_HOME", str(folder))
    timed = tmp_path_factory.getbasetemp() / "timed"
    _take_over(timed, folder / "cache")
    yield folder
    _take_over(folder / "cache", timed)


def _take_over(known: Path, to: Path) -> None:
    for name in _TIMINGS:
        if (known / name).exists():
            to.mkdir(mode=0o700, exist_ok=True)
            shutil.copyfile(known / name, to / name)
