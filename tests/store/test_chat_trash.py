import time

import pytest

from octavo.store.chat_export import as_json
from octavo.store.chats import ChatStore


@pytest.fixture
def store(tmp_path):
    with ChatStore(tmp_path / "chats.sqlite") as store:
        yield store


def talk(store, *texts):
    """A chat of these texts, question and answer in turn."""
    chat, parent, ids = store.new_chat("A chat"), None, []
    for number, text in enumerate(texts):
        role = "assistant" if number % 2 else "user"
        parent = store.add_message(chat.id, role, text, parent_id=parent).id
        ids.append(parent)
    return chat, ids


def test_a_deleted_message_is_seen_nowhere_nor_what_is_below_it(store):
    chat, ids = talk(store, "one", "two needle", "three", "four")

    store.trash.put_message(ids[1])

    assert [each.text for each in store.messages(chat.id)] == ["one"]
    assert len(store.tree(chat.id)) == 1
    assert store.search.find("needle") == []
    assert "needle" not in as_json(store, [chat])


def test_messages_come_back_as_they_went(store):
    chat, ids = talk(store, "one", "two", "three", "four")
    first = store.trash.put_message(ids[2])
    second = store.trash.put_message(ids[1])

    store.trash.restore_messages(chat.id, second)
    assert [each.text for each in store.messages(chat.id)] == ["one", "two"]
    store.trash.restore_messages(chat.id, first)
    assert [each.text for each in store.messages(chat.id)] == ["one", "two", "three", "four"]


def test_deleted_messages_are_listed_by_their_topmost(store):
    chat, ids = talk(store, "one", "two", "three", "four")
    store.trash.put_message(ids[1])

    (gone,) = store.trash.messages()

    assert (gone.chat_id, gone.message_id, gone.text, gone.n_messages) == (chat.id, ids[1], "two", 3)


def test_what_was_deleted_first_waits_for_what_it_hung_on(store):
    chat, ids = talk(store, "one", "two", "three", "four")
    store.trash.put_message(ids[2])
    store.trash.put_message(ids[1])
    assert [each.message_id for each in store.trash.messages()] == [ids[1]]

    store.trash.restore_message(ids[1])

    assert [each.text for each in store.messages(chat.id)] == ["one", "two"]
    assert [each.message_id for each in store.trash.messages()] == [ids[2]]


def test_messages_of_a_deleted_chat_are_not_listed_by_themselves(store):
    chat, ids = talk(store, "one", "two")
    store.trash.put_message(ids[1])

    store.trash.put(chat.id)

    assert store.trash.messages() == []


def test_forgotten_messages_leave_no_word_behind(tmp_path, store):
    chat, ids = talk(store, "stays", "unmistakableword " * 300, "unmistakableword")
    store.back_up()
    store.trash.put_message(ids[1])

    assert store.trash.forget() == [chat.id]

    assert [each.text for each in store.messages(chat.id)] == ["stays"]
    for each in tmp_path.rglob("*.sqlite*"):
        assert b"unmistakableword" not in each.read_bytes()


def test_only_what_is_old_is_forgotten(store):
    old, _ = talk(store, "old")
    fresh, ids = talk(store, "fresh", "answer")
    for chat in (old, fresh):
        store.trash.put(chat.id)
    store._database.execute("UPDATE chats SET deleted = 1 WHERE id = ?", (old.id,))
    store.trash.put_message(ids[1])

    assert store.trash.forget(30) == [old.id]

    assert [each.id for each in store.trash.chats()] == [fresh.id]
    assert store._database.execute("SELECT count(*) FROM messages").fetchone() == (2,)


def test_what_is_hidden_for_good_cannot_be_brought_back(store):
    chat, _ = talk(store, "one")
    store.trash.put(chat.id)

    store.trash.hide()
    store.trash.restore(chat.id)

    assert store.chats() == store.trash.chats() == []
    assert store.trash.forget(30) == [chat.id]


def test_chats_of_an_import_that_was_killed_go_after_a_day(store):
    now = time.time()
    begun = store.new_chat("half", begun=-now)
    stale = store.new_chat("stale", begun=-(now - 100_000))
    assert store.chats() == store.trash.chats() == []

    assert store.trash.forget(30) == [stale.id]

    store.trash.show_begun(-now)
    assert [each.id for each in store.chats()] == [begun.id]
