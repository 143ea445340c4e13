import os
import subprocess
import sys

import pytest

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
