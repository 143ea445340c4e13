"""Compiled code is kept by its content, taken only from a private folder, and never believed when damaged."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from octavo.engine.kernels import program
from octavo.engine.simd import cache
from octavo.engine.simd.jit import Entry, entry

PLACE = "octavo.engine.kernels.some:entry"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache; the folder of the present key, not made yet."""
    monkeypatch.setenv("OCTAVO_KERNEL_CACHE", str(tmp_path / "kernels"))
    return tmp_path / "kernels" / cache.content_key()


def test_code_comes_back_as_it_was_kept(folder):
    assert cache.cached_code(PLACE) is None

    assert cache.keep_code(PLACE, b"machine code")

    assert cache.cached_code(PLACE) == b"machine code"
    assert [each.suffix for each in folder.iterdir()] == [".o"]


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"", lambda data: data[:-1] + b"?"])
def test_damaged_code_counts_as_missing(folder, damage):
    cache.keep_code(PLACE, b"machine code")
    (file,) = folder.iterdir()
    file.write_bytes(damage(file.read_bytes()))

    assert cache.cached_code(PLACE) is None


def test_a_damaged_entry_is_compiled_again(folder):
    assert Entry(program.announce._function).address
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:100])

    assert Entry(program.announce._function).address

    assert cache.cached_code(program.announce.place)


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_the_folder_is_its_owners_alone(folder):
    cache.keep_code(PLACE, b"machine code")

    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
@pytest.mark.parametrize("rights", [0o720, 0o702])
def test_code_in_a_folder_that_others_can_write_is_left_alone(folder, rights):
    cache.keep_code(PLACE, b"planted")
    folder.chmod(rights)

    assert cache.cached_code(PLACE) is None
    assert not cache.keep_code(PLACE, b"machine code")


def test_a_link_in_the_folders_place_is_left_alone(folder, tmp_path):
    cache.keep_code(PLACE, b"planted")
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")

    assert cache.cached_code(PLACE) is None


def test_where_nothing_can_be_kept_entries_compile_all_the_same(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("OCTAVO_KERNEL_CACHE", str(tmp_path / "file"))

    assert not cache.is_writable()
    assert Entry(program.announce._function).address


def test_only_the_newest_keys_stay(folder):
    others = [folder.parent / f"key{age}" for age in range(2 * cache._KEPT_KEYS)]
    for age, other in enumerate(others):
        other.mkdir(parents=True)
        os.utime(other, (1_000_000 - age, 1_000_000 - age))

    cache.keep_code(PLACE, b"machine code")

    assert set(folder.parent.iterdir()) == {folder, *others[: cache._KEPT_KEYS - 1]}


def test_only_the_engines_own_functions_are_cached(folder):
    @entry
    def double(x):
        return 2 * x

    assert double(21) == 42
    assert not double.is_shared
    assert program.run.is_shared
    assert not folder.exists()


def test_threads_that_ask_at_once_get_one_address(folder):
    asked = Entry(program.announce._function)
    barrier = threading.Barrier(4)
    addresses = []

    def ask():
        barrier.wait()
        addresses.append(asked.address)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(addresses) == 4
    assert len(set(addresses)) == 1


def test_processes_that_compile_the_same_at_once_leave_one_whole_file(folder):
    code = "from octavo.engine.kernels.program import announce as e; print(e.address > 0)"
    command = [sys.executable, "-c", code]

    both = [subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") for _ in range(2)]

    assert [each.communicate(timeout=300)[0].strip() for each in both] == ["True", "True"]
    assert [each.name for each in folder.iterdir()] == ["octavo.engine.kernels.program.announce.o"]
    assert cache.cached_code(program.announce.place)


def test_a_warm_start_needs_no_numba(folder):
    Entry(program.announce._function).compile()
    code = "from octavo.engine.kernels.program import announce as e; import sys\n"
    code += "print(e.address > 0, 'numba' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=60)

    assert said.stdout.split() == ["True", "False"]


def test_the_key_is_of_every_kernel_source():
    engine = Path(cache.__file__).resolve().parent.parent

    assert all(list((engine / each).rglob("*.py")) for each in cache._SOURCES)
