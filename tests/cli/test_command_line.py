import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo import __version__

OCTAVO = [sys.executable, "-m", "octavo"]
COMMANDS = [
    "inspect",
    "fit",
    "convert",
    "chat",
    "compare",
    "measure",
    "bench",
    "tokenize",
    "logits",
    "template",
    "models",
    "plugins",
    "chats",
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


@pytest.mark.parametrize("argument", ["--help", "--version", "plugins"])
def test_a_full_disk_is_told_in_one_line(argument):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*OCTAVO, argument], stdout=full, stderr=subprocess.PIPE, encoding="utf-8", check=False
        )
    assert (done.returncode, done.stderr) == (1, "octavo: No space left on device.\n")


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_closed_stream_is_no_traceback(number):
    then = [*OCTAVO, "tokenize", "demo", "--json"]
    code = f"import os; os.close({number}); os.execv({then[0]!r}, {then!r})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", input="", check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "".join(done.stdout.split()) == ("" if number == 1 else '{"ids":[]}')


def test_no_switch_looks_as_if_it_took_a_value(octavo, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    shown = "".join(octavo(command, "--help").out for command in COMMANDS)

    # What typer says of its own --help is its own affair.
    assert [each for each in shown.splitlines() if "bool" in each.lower() and "--help" not in each] == []


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
