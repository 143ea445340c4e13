"""A child that tries one plugin says its last word only if the plugin let it."""

import json
import os
import subprocess
import sys

import pytest

FINE = """
from octavo.api import MemoryPool, hookimpl

@hookimpl
def memory_pools():
    print("noise")
    return [MemoryPool("Far away", "vram", 10, 5)]
"""
DEADLY_PLAN = """
import os
from octavo.api import hookimpl

class Deadly:
    name, summary, format, Options = "DEADLY", "Ends.", "gguf", None
    def plan(self, tensors, options):
        os._exit(0)
    def encode(self, weights, block_type, importance):
        raise NotImplementedError

@hookimpl
def quantizers():
    return [Deadly()]
"""


def tried(folder, name, source):
    (folder / "strange.py").write_text(source)
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[octavo]\n{name} = strange\n")
    return subprocess.run(
        [sys.executable, "-m", "octavo.worker", "--try-plugin", name],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(folder)},
    )


def test_a_plugin_that_works_is_fine_whatever_it_prints(tmp_path):
    ended = tried(tmp_path, "fine", FINE)

    assert json.loads(ended.stdout) == {"name": "fine", "error": ""}


def test_one_that_fails_is_told_with_its_reason(tmp_path):
    ended = tried(tmp_path, "poor", "raise RuntimeError('not today')")

    assert "not today" in json.loads(ended.stdout)["error"]


@pytest.mark.parametrize(
    "source", ["import os; os._exit(0)", "import ctypes; ctypes.string_at(0)", DEADLY_PLAN]
)
def test_one_that_ends_the_process_leaves_no_last_word(tmp_path, source):
    assert tried(tmp_path, "deadly", source).stdout == b""
