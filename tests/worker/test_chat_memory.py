import pytest

from octavo.engine.errors import OctavoError
from octavo.store.kept_caches import KeptCaches, chat_key
from octavo.worker import chat_memory
from octavo.worker.chat_memory import ChatMemory


class Session:
    """Reads tokens; what it saves can be restored unless it is said to be of another model."""

    def __init__(self):
        self.tokens, self.cache_bytes, self.saved, self.fits = [], 1000, {}, True

    def truncate(self, n):
        del self.tokens[n:]

    def save(self, path):
        self.saved[path] = list(self.tokens)
        path.write_bytes(b"kept")

    def restore(self, path):
        if not self.fits:
            raise OctavoError("of another model")
        self.tokens[:] = self.saved[path]


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def kept(tmp_path):
    return KeptCaches(tmp_path / "kept")


@pytest.fixture
def memory(session, kept, monkeypatch):
    def saved_tokens(path):
        path.stat()
        return session.saved[path]

    monkeypatch.setattr("octavo.engine.inference.saved_cache.saved_tokens", saved_tokens)
    monkeypatch.setattr(chat_memory, "_SPARE_DISK_BYTES", 0)
    return ChatMemory(session, kept)


def read(memory, session, key, ids):
    memory.turn_to(key, ids)
    n_shared = chat_memory._shared(session.tokens, ids)
    session.tokens[:] = ids
    return n_shared


A = list(range(1000))
B = list(range(5000, 6000))


def test_a_conversation_is_taken_back_after_another(memory, session):
    assert read(memory, session, "chat-1", A) == 0
    assert read(memory, session, "chat-2", B) == 0
    assert read(memory, session, "chat-1", [*A, 7]) == 1000
    assert read(memory, session, "chat-2", [*B, 7]) == 1000


def test_a_beginning_that_both_have_is_not_read_from_a_file(memory, session, kept):
    read(memory, session, "chat-1", A)
    assert read(memory, session, "chat-2", [*A[:900], 7]) == 900
    assert read(memory, session, "chat-1", [*A[:950], 8]) == 900


def test_what_cannot_be_taken_back_is_removed(memory, session, kept):
    read(memory, session, "chat-1", A)
    read(memory, session, "chat-2", B)
    session.fits = False
    assert read(memory, session, "chat-1", A) == 0
    assert not kept.path("chat-1").exists()


def test_little_and_nameless_conversations_are_not_kept(memory, session, kept):
    read(memory, session, "chat-1", A[:20])
    read(memory, session, "", A)
    memory.turn_to("chat-2", B)
    memory.keep()
    assert not kept.path("chat-1").exists()
    assert session.saved == {kept.path("chat-2"): A}


def test_unchanged_conversations_are_written_once(memory, session, kept):
    read(memory, session, "chat-1", A)
    memory.keep()
    kept.path("chat-1").unlink()
    memory.keep()
    assert not kept.path("chat-1").exists()


def test_nothing_is_kept_where_the_disk_is_nearly_full(memory, session, kept, monkeypatch):
    monkeypatch.setattr(chat_memory, "_SPARE_DISK_BYTES", 1 << 62)
    read(memory, session, "chat-1", A)
    memory.keep()
    assert not kept.path("chat-1").exists()


def test_what_another_process_is_writing_now_stays(kept):
    writing = kept.path("chat-1").with_suffix(".partial")
    writing.write_bytes(b"half")
    kept.prune()
    assert writing.exists()


def test_files_used_longest_ago_go_first(tmp_path):
    import os

    kept = KeptCaches(tmp_path, most_bytes=250)
    for number in range(4):
        path = kept.path(chat_key(number))
        path.write_bytes(b"x" * 100)
        os.utime(path, (1000 + number, 1000 + number))
    (tmp_path / "old.partial").write_bytes(b"")
    os.utime(tmp_path / "old.partial", (1, 1))
    kept.prune()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["chat-2.kv", "chat-3.kv"]
    kept.forget("chat-2")
    assert [each.name for each in tmp_path.iterdir()] == ["chat-3.kv"]


@pytest.mark.parametrize("key", ["", "../up", "a/b", "x" * 65])
def test_keys_are_no_paths(kept, key):
    with pytest.raises(OctavoError, match="letters"):
        kept.path(key)
