import json

import pytest

from octavo.engine.errors import OctavoError
from octavo.engine.progress import finish
from octavo.store.chats import ChatStore
from octavo.store.kept_caches import KeptCaches, chat_key
from octavo.worker.chat_upkeep import keep_up
from octavo.worker.protocol import ExportChats, ImportChats, TidyChats


@pytest.fixture
def store():
    with ChatStore() as store:
        yield store


def talk(store, title):
    chat = store.new_chat(title)
    asked = store.add_message(chat.id, "user", "Why?")
    store.add_message(chat.id, "assistant", "Because.", parent_id=asked.id, finish="stop")
    return chat


def test_tidying_up_makes_the_day_s_copy_and_empties_old_trash(store, home):
    old, fresh = talk(store, "old"), talk(store, "fresh")
    for chat in (old, fresh):
        store.trash.put(chat.id)
        KeptCaches().path(chat_key(chat.id)).write_bytes(b"kept")
    store._database.execute("UPDATE chats SET deleted = 1 WHERE id = ?", (old.id,))

    finish(keep_up(TidyChats(older_than_days=30)))

    assert [chat.id for chat in store.trash.chats()] == [fresh.id]
    assert not KeptCaches().path(chat_key(old.id)).exists()
    assert KeptCaches().path(chat_key(fresh.id)).exists()
    assert len(list((home / "data" / "backups").iterdir())) == 1


def test_what_was_exported_is_taken_in_again(store, tmp_path):
    chat = talk(store, "A chat")
    target = tmp_path / "chats.json"

    finish(keep_up(ExportChats(path=str(target), chat_ids=[chat.id])))
    report = finish(keep_up(ImportChats(path=str(target))))

    assert [each.title for each in store.chats()] == ["A chat", "A chat"]
    assert report.n_messages == 2


def test_another_ending_gets_the_branch_as_markdown(store, tmp_path):
    chat = talk(store, "A chat")

    finish(keep_up(ExportChats(path=str(tmp_path / "chat.md"), chat_ids=[chat.id])))

    assert (tmp_path / "chat.md").read_text().startswith("# A chat\n")


def test_an_import_that_is_stopped_leaves_nothing(store, tmp_path):
    chats = [talk(store, "one"), talk(store, "two")]
    target = tmp_path / "chats.json"
    finish(keep_up(ExportChats(path=str(target), chat_ids=[each.id for each in chats])))
    work = keep_up(ImportChats(path=str(target)))
    while next(work).done < 1:
        pass
    assert len(store.chats()) == 2

    work.close()

    assert len(store.chats()) == 2
    assert store.trash.chats() == []
    finish(keep_up(TidyChats(older_than_days=30)))
    assert store._database.execute("SELECT count(*) FROM chats").fetchone() == (2,)


def test_chats_of_a_newer_octavo_are_not_written(store, tmp_path):
    store._database.execute("PRAGMA user_version = 99")
    target = tmp_path / "chats.json"
    target.write_text(json.dumps({"format": "octavo-chats", "version": 1, "chats": []}))

    with pytest.raises(OctavoError, match="newer Octavo"):
        finish(keep_up(ImportChats(path=str(target))))
