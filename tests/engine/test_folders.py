"""Where Octavo keeps its files, and what is said where it may not."""

from __future__ import annotations

import pytest

from octavo.engine.estimate.speeds import Speeds, keep_speeds
from octavo.engine.folders import cache_folder, data_folder


@pytest.fixture
def spoilt(monkeypatch, tmp_path):
    """A home that is a file, so that no folder can be made in it."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OCTAVO_HOME", str(tmp_path / "file"))


@pytest.mark.parametrize("folder", [cache_folder, data_folder])
def test_a_home_that_cannot_be_used_is_told_with_the_next_step(spoilt, folder):
    with pytest.raises(NotADirectoryError, match="set OCTAVO_HOME to another folder"):
        folder()


def test_what_only_saves_time_is_done_without(spoilt):
    keep_speeds(Speeds(n_threads=1, bandwidth=[(1 << 27, 3e10)]))
