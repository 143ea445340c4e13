import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from octavo.engine.errors import OctavoError
from octavo.store.chats import ChatStore
from octavo.store.database import NotSaved


@pytest.fixture
def store(tmp_path):
    with ChatStore(tmp_path / "chats.sqlite") as store:
        yield store


def test_chat_is_there_after_reopening(tmp_path):
    with ChatStore(tmp_path / "chats.sqlite") as store:
        chat = store.new_chat("Greetings", "/models/a.gguf", "Be brief.")
        question = store.add_message(chat.id, "user", "Hello")
        answer = store.add_message(
            chat.id, "assistant", "Hi", parent_id=question.id, finish="stop", stats={"tokens": 2}
        )
    with ChatStore(tmp_path / "chats.sqlite") as store:
        (found,) = store.chats()
        assert (found.title, found.model_path, found.system_prompt) == (
            "Greetings",
            "/models/a.gguf",
            "Be brief.",
        )
        assert store.branch(found.leaf_id) == [question, answer]


def test_second_answer_is_a_branch_beside_the_first(store):
    chat = store.new_chat()
    question = store.add_message(chat.id, "user", "Why?")
    first = store.add_message(chat.id, "assistant", "Because.", parent_id=question.id)
    second = store.add_message(chat.id, "assistant", "Who knows.", parent_id=question.id)
    assert store.branch(first.id) == [question, first]
    assert store.branch(second.id) == [question, second]
    assert store.messages(chat.id) == [question, first, second]
    assert store.chats()[0].leaf_id == second.id


def test_answer_grows_in_place(store):
    chat = store.new_chat()
    answer = store.add_message(chat.id, "assistant", "")
    store.change_message(answer.id, text="Once")
    store.change_message(answer.id, text="Once upon", finish="cancelled", stats={"tokens_per_second": 9.5})
    (found,) = store.messages(chat.id)
    assert (found.text, found.finish, found.stats) == ("Once upon", "cancelled", {"tokens_per_second": 9.5})


def test_chat_used_last_comes_first(store):
    older, newer = store.new_chat("older"), store.new_chat("newer")
    assert [chat.title for chat in store.chats()] == ["newer", "older"]
    store.add_message(older.id, "user", "Are you there?")
    assert [chat.title for chat in store.chats()] == ["older", "newer"]
    assert newer in store.chats()


def test_pinned_chats_come_before_the_one_used_last(store):
    pinned, newer = store.new_chat("pinned"), store.new_chat("newer")
    store.change_chat(pinned.id, is_pinned=True)
    store.add_message(newer.id, "user", "Hello")

    assert [chat.title for chat in store.chats()] == ["pinned", "newer"]


def test_a_new_answer_takes_the_place_of_the_one_that_was_gone_back_to(store):
    chat = store.new_chat()
    question = store.add_message(chat.id, "user", "Why?")
    first, _ = (store.add_message(chat.id, "assistant", text, parent_id=question.id) for text in "ab")
    store.show_branch(chat.id, first.id, [(question.id, first.id)])
    third = store.add_message(chat.id, "assistant", "c", parent_id=question.id)

    assert store.tree(chat.id).leaf_below(question.id) == third.id


def test_deleted_chat_comes_back_until_it_is_forgotten(store):
    chat = store.new_chat("secret")
    store.add_message(chat.id, "user", "my secret")
    store.trash.put(chat.id)
    assert store.chats() == []
    store.trash.restore(chat.id)
    assert len(store.chats()) == 1
    store.trash.put(chat.id)
    store.trash.forget()
    store.trash.restore(chat.id)
    assert store.chats() == []
    assert store.messages(chat.id) == []


def test_changing_one_thing_keeps_the_others(store):
    chat = store.new_chat("old title", "/models/a.gguf")
    store.change_chat(chat.id, title="new title")
    (found,) = store.chats()
    assert (found.title, found.model_path) == ("new title", "/models/a.gguf")


@pytest.mark.parametrize("damage", [b"no database at all" * 300, b"\0" * 8192])
def test_damaged_file_is_kept_aside_and_said(tmp_path, damage):
    path = tmp_path / "chats.sqlite"
    path.write_bytes(damage)
    with ChatStore(path) as store:
        assert "chats.broken-1.sqlite" in store.problem
        assert store.chats() == []
    assert (tmp_path / "chats.broken-1.sqlite").read_bytes() == damage


def test_file_with_a_damaged_page_is_kept_aside(tmp_path):
    path = tmp_path / "chats.sqlite"
    with ChatStore(path) as store:
        chat = store.new_chat()
        for n in range(200):
            store.add_message(chat.id, "user", f"{n} " * 200)
    content = bytearray(path.read_bytes())
    content[8192 : 8192 + 40 * 4096] = b"\x55" * (40 * 4096)
    path.write_bytes(content)
    with ChatStore(path) as store:
        assert store.problem


def test_file_of_a_newer_octavo_is_refused_and_not_touched(tmp_path):
    path = tmp_path / "chats.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(OctavoError, match="newer Octavo"):
        ChatStore(path)
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (99,)
    database.close()


def test_folder_that_is_none_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OctavoError, match="Cannot open"):
        ChatStore(tmp_path / "file" / "chats.sqlite")


WRITER = """
import sys
from pathlib import Path
from octavo.store.chats import ChatStore
store = ChatStore(Path(sys.argv[1]))
chat = store.new_chat()
while True:
    print(store.add_message(chat.id, "user", "text").id, flush=True)
"""


def test_killed_writer_loses_nothing_that_it_acknowledged(tmp_path):
    path = tmp_path / "chats.sqlite"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
        acknowledged = [int(writer.stdout.readline()) for _ in range(20)]
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += [int(line) for line in writer.stdout.read().split(b"\n")[:-1]]
    with ChatStore(path) as store:
        assert store.problem == ""
        found = {message.id for chat in store.chats() for message in store.messages(chat.id)}
    assert set(acknowledged) <= found


def test_half_a_character_is_refused_in_a_sentence_and_a_path_that_is_no_text_is_not(store):
    chat = store.new_chat("", "/models/odd-\udcff.gguf")
    store.change_chat(chat.id, model_path="/models/odd-\udcfe.gguf")

    assert store.chat(chat.id).model_path == "/models/odd-\\udcfe.gguf"
    with pytest.raises(NotSaved, match=r"half a character \(U\+D83D\)"):
        store.add_message(chat.id, "user", "cut \ud83d")
