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


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile all kernels once, where all tests are shared out among processes that would each compile their own."""
    config = session.config
    n_processes = getattr(config.option, "numprocesses", None)
    if n_processes and config.args_source is config.ArgsSource.TESTPATHS:
        from tests.fixtures.compiled import compile_everything

        compile_everything(n_processes, config.get_terminal_writer().line)


# What was timed of this computer; timing it for every test alone would take longer than the tests.
_TIMINGS = ("encode-speed.json", "calibration-speed.json")


@pytest.fixture(scope="session")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the timings are kept for the next test, whichever of the processes that share the tests runs it."""
    folder = tmp_path_factory.getbasetemp()
    return (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "timed"


@pytest.fixture(autouse=True)
def home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, timed: Path
) -> Iterator[Path]:
    """A fresh folder for settings, chats and caches, where only the computer's timings are known."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("OCTAVO_HOME", str(folder))
    _take_over(timed, folder / "cache")
    yield folder
    _take_over(folder / "cache", timed)


def _take_over(known: Path, to: Path) -> None:
    for name in _TIMINGS:
        # Timings only ever grow in number: what another process has added meanwhile is not taken back.
        if _n_bytes(known / name) > _n_bytes(to / name):
            to.mkdir(mode=0o700, exist_ok=True)
            # In one step: another process may read it in this moment.
            shutil.copyfile(known / name, to / f"{name}.{os.getpid()}").replace(to / name)


def _n_bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
