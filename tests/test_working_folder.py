"""Nothing is imported from the folder that Octavo is started in: it may be a stranger's model, with programs in it."""

import subprocess
import sys
from pathlib import Path

import pytest

from octavo.cli.watched import this_program
from octavo.gui.engine_child import background_command, child_command

INSTALLED = str(Path(sys.executable).with_name("octavo"))


@pytest.fixture
def model(tmp_path):
    """A folder with modules of the names that Octavo imports."""
    for name in ("msgspec", "numpy", "json", "typer", "rich", "octavo"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a stranger ran')\n")
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        child_command(),
        background_command(),
        [*this_program(), "inspect", "demo"],
        [INSTALLED, "inspect", "demo"],
    ],
    ids=["engine", "engine in the background", "the program once more", "the installed command"],
)
def test_a_process_does_not_run_what_lies_in_its_folder(model, command):
    done = subprocess.run(
        command, cwd=model, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout
