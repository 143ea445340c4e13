"""For every test: a temporary home, no display, no network."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.fixtures.no_network import forbid_network

# Before anything imports Qt.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Compiled kernels are kept by content, so all tests, and the children they start, may share them.
os.environ.setdefault("OCTAVO_KERNEL_CACHE", str(Path(__file__).parents[1] / ".pytest_cache" / "kernels"))
forbid_network()


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh folder for settings, chats and caches."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("OCTAVO_HOME", str(folder))
    return folder
