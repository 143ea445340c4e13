"""The rules of the house: format, lint, types, layers, one library in one place, length, start-up imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE_ROOTS = ("desktop", "plugins", "resources")

ONE_PLACE = {
    "PySide6": ("octavo/gui/",),
    "pluggy": ("octavo/plugin/", "octavo/api.py"),
    "gguf": ("octavo/engine/checkpoint/",),
    "psutil": ("octavo/engine/hardware/",),
    "pynvml": ("octavo/engine/hardware/",),
    "numba": ("octavo/engine/simd/",),
    "llvmlite": ("octavo/engine/simd/",),
    "sqlite3": ("octavo/store/",),
    "platformdirs": ("octavo/engine/folders.py",),
    "tokenizers": ("octavo/engine/tokenizer/",),
    "jinja2": ("octavo/engine/tokenizer/",),
    "typer": ("octavo/cli/",),
    "rich": ("octavo/cli/",),
    "markdown_it": ("octavo/gui/",),
    "pygments": ("octavo/gui/",),
    "pickle": (),
    "multiprocessing": (),
}


def check(*command: str) -> None:
    """Run a tool in the project's root; fail with its own words if it is not content."""
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=600, check=False
    )
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


def sources() -> Iterator[Path]:
    for root in SOURCE_ROOTS:
        yield from sorted((ROOT / root).rglob("*.py"))


@cache
def imported_packages(file: Path) -> set[str]:
    """Asked for each library of every file: reading them once takes a second of processor time."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_code_is_formatted():
    check("-m", "ruff", "format", "--check", "--quiet", ".")


def test_code_passes_the_linter():
    check("-m", "ruff", "check", "--quiet", ".")


def test_code_passes_the_strict_type_check():
    check("-m", "mypy", "--no-error-summary")


def test_imports_point_down_only():
    check("-c", "from importlinter.cli import lint_imports as lint; exit(lint(no_cache=True, no_logo=True))")


@pytest.mark.parametrize("library", ONE_PLACE)
def test_library_is_used_in_one_place(library):
    strays = [
        file.relative_to(ROOT).as_posix()
        for file in sources()
        if library in imported_packages(file)
        and not any(place in file.relative_to(ROOT).as_posix() for place in ONE_PLACE[library])
    ]
    assert strays == []


def test_no_file_is_over_300_lines():
    lengths = {file.relative_to(ROOT): file.read_text(encoding="utf-8").count("\n") for file in sources()}
    assert {file: n for file, n in lengths.items() if n > 300} == {}


def test_package_files_hold_a_docstring_only():
    for file in sources():
        body = ast.parse(file.read_text(encoding="utf-8")).body
        if file.name == "__init__.py" and file.is_relative_to(ROOT / "desktop" / "octavo" / "engine"):
            assert len(body) == 1, f"{file.relative_to(ROOT)} does something at import"
            assert isinstance(body[0], ast.Expr)


def test_help_loads_no_heavy_library():
    loaded = modules_after("from octavo.cli.main import run_command\nassert run_command(['--help']) == 0")
    assert loaded & {"numba", "llvmlite", "gguf", "numpy", "PySide6", "tokenizers", "jinja2"} == set()


def test_window_module_loads_no_heavy_library():
    loaded = modules_after("import octavo.gui.main")
    assert loaded & {"numba", "llvmlite", "gguf", "numpy", "pygments", "markdown_it"} == set()


def test_qt_calls_keep_the_references_to_none():
    """PySide6 6.12.0 on Python 3.11 loses one reference to None a call, and aborts after some thousand."""
    from PySide6.QtCore import QObject

    thing = QObject()
    before = sys.getrefcount(None)
    for _ in range(1000):
        thing.setObjectName("name")
    assert abs(sys.getrefcount(None) - before) < 100
