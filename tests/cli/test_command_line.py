import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo import __version__

COMMANDS = [
    "inspect",
    "fit",
    "convert",
    "chat",
    "bench",
    "tokenize",
    "logits",
    "template",
    "models",
    "plugins",
]


def test_help_names_every_command_and_is_no_failure(octavo):
    outcome = octavo("--help")
    assert outcome.status == 0
    for command in COMMANDS:
        assert f" {command} " in outcome.out


def test_every_command_has_help(octavo):
    for command in COMMANDS:
        assert octavo(command, "--help").status == 0


@pytest.mark.parametrize(
    "arguments", [["fly"], ["inspect"], ["inspect", "demo", "--frobnicate"], ["template", "demo"]]
)
def test_wrong_usage_ends_with_2_and_is_told_on_standard_error(octavo, arguments):
    outcome = octavo(*arguments)
    assert outcome.status == 2
    assert outcome.out == ""
    assert outcome.err


@pytest.mark.parametrize(
    "command",
    [
        ["inspect"],
        ["tokenize", "--text", "a"],
        ["template", "--source"],
        ["fit"],
        ["convert", "--to", "Q8_0"],
    ],
)
def test_missing_model_is_refused_in_one_line(octavo, tmp_path, command):
    outcome = octavo(command[0], tmp_path / "none.gguf", *command[1:])
    assert outcome.status == 1
    assert outcome.out == ""
    assert outcome.err.startswith("octavo: ")
    assert outcome.err.count("\n") == 1


def test_text_file_named_gguf_is_refused_in_one_line(octavo, tmp_path):
    (tmp_path / "letter.gguf").write_text("Dear reader, " * 100)
    outcome = octavo("inspect", tmp_path / "letter.gguf", "--json")
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err.startswith("octavo: letter.gguf: ")
    assert outcome.err.count("\n") == 1


def test_reader_that_leaves_early_is_no_traceback():
    read_end, write_end = os.pipe()
    os.close(read_end)
    with subprocess.Popen(
        [sys.executable, "-m", "octavo", "plugins"], stdout=write_end, stderr=subprocess.PIPE
    ) as done:
        os.close(write_end)
        assert done.stderr.read() == b""
    assert done.returncode == 1


def test_version_is_told(octavo):
    outcome = octavo("--version")
    assert (outcome.status, outcome.out) == (0, f"octavo {__version__}\n")


def test_file_name_that_is_no_text_is_told_all_the_same(octavo, tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/odd-\xff.gguf")
    write_tiny_gguf(Path(path))
    assert octavo("inspect", path, "--json").json["path"] == path
    assert octavo("inspect", path + "x").status == 1


def test_window_without_a_display_is_refused_in_one_line():
    environment = {
        name: value for name, value in os.environ.items() if "DISPLAY" not in name and "QT" not in name
    }
    done = subprocess.run(
        [sys.executable, "-m", "octavo"], env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("octavo: There is no display")
    assert done.stderr.count("\n") == 1
