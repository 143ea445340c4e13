import numpy as np

from octavo.engine.hardware import allocator
from octavo.engine.hardware.allocator import freed_memory_kept


class Library:
    """Notes what is asked of the C library."""

    def __init__(self):
        self.calls = []

    def mallopt(self, parameter, value):
        self.calls.append((parameter, value))

    def malloc_trim(self, pad):
        self.calls.append(("trim", pad))


def test_memory_is_given_back_in_the_end(monkeypatch):
    library = Library()
    monkeypatch.setattr(allocator, "_glibc", lambda: library)

    with freed_memory_kept(64 * 2**20):
        assert sorted(library.calls) == [(-3, 32 * 2**20), (-2, 4 * 2**20), (-1, 64 * 2**20)]
    assert [call for call in library.calls[3:] if call[0] == -1] == [(-1, 128 * 1024)]
    assert library.calls[-1] == ("trim", 0)


def test_work_goes_on_as_usual_inside_and_without_such_a_library(monkeypatch):
    with freed_memory_kept(64 * 2**20):
        assert np.ones(1 << 20).sum() == 1 << 20
    monkeypatch.setattr(allocator, "_glibc", lambda: None)
    with freed_memory_kept(64 * 2**20):
        assert np.ones(1 << 20).sum() == 1 << 20
