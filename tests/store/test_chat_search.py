import sqlite3
from pathlib import Path

import pytest

from octavo.store import chat_search
from octavo.store.chat_search import ChatSearch
from octavo.store.chats import ChatStore


@pytest.fixture(params=[True, False], ids=["indexed", "read through"])
def store(tmp_path, request):
    with ChatStore(tmp_path / "chats.sqlite") as store:
        if not request.param:
            store.search.is_indexed = False
        yield store


def say(store, text, title="A chat"):
    chat = store.new_chat(title)
    return chat, store.add_message(chat.id, "user", text)


def found(store, text):
    return [hit.message_id for hit in store.search.find(text)]


def test_all_words_count_as_beginnings_in_any_order(store):
    _, sheep = say(store, "The sheep are grazing on the green hill")
    say(store, "The sheep are asleep")
    assert found(store, "graz sheep") == [sheep.id]
    assert found(store, '"green hill"') == [sheep.id]
    assert found(store, '"hill green"') == []
    assert found(store, "  ") == []


def test_the_snippet_says_where_the_words_stand(store):
    say(store, "word " * 200 + "a needle lies here " + "word " * 200)
    (hit,) = store.search.find("needle")
    assert "needle" in hit.snippet
    assert len(hit.snippet) < 300
    assert [hit.snippet[start:end] for start, end in hit.spans] == ["needle"]


def test_titles_are_found_before_texts(store):
    chat, _ = say(store, "nothing here", title="About needles")
    _, other = say(store, "a needle")
    hits = store.search.find("needle")
    assert [(hit.chat_id, hit.message_id) for hit in hits] == [(chat.id, None), (other.chat_id, other.id)]


def test_what_changes_or_goes_is_found_no_more(store):
    chat, message = say(store, "old words")
    store.change_message(message.id, text="new words")
    assert (found(store, "old"), found(store, "new")) == ([], [message.id])
    store.trash.put(chat.id)
    assert found(store, "new") == []
    store.trash.forget()
    store.trash.restore(chat.id)
    assert found(store, "new") == []


@pytest.mark.parametrize(
    "text", ["C++ is", "100%", "a_b", "數學很美", "ไทย", 'a "quote', "it's", "* OR NOT NEAR("]
)
def test_signs_and_scripts_without_blanks_are_found_as_they_stand(store, text):
    _, message = say(store, f"before {text} after")
    say(store, "xxc d e f aXb 100 axb")
    for word in text.replace('"', "").split():
        assert message.id in found(store, word)


def test_part_of_a_sentence_without_blanks_is_found(store):
    _, message = say(store, "我喜歡數學很美的公式")
    assert found(store, "數學") == [message.id]


def test_case_does_not_matter(store):
    _, message = say(store, "Hello World")
    assert found(store, "hELLO") == [message.id]


def test_chats_of_before_the_index_are_found(tmp_path):
    with ChatStore(tmp_path / "chats.sqlite") as store:
        for name in chat_search._TRIGGERS:
            store._database.execute(f"DROP TRIGGER {name}")
        _, message = say(store, "written without an index")
    with ChatStore(tmp_path / "chats.sqlite") as store:
        assert store.search.is_indexed
        assert found(store, "index") == [message.id]


def test_without_fts5_chats_can_still_be_written_and_found(tmp_path):
    class Poor(sqlite3.Connection):
        def execute(self, statement, *values):
            if "fts5" in statement:
                raise sqlite3.OperationalError("no such module: fts5")
            return super().execute(statement, *values)

    with ChatStore(tmp_path / "chats.sqlite") as store:
        say(store, "first")
    poor = sqlite3.connect(tmp_path / "chats.sqlite", factory=Poor, isolation_level=None)
    search = ChatSearch(poor, "chats.sqlite")
    poor.execute("UPDATE messages SET text = 'second'")
    assert not search.is_indexed
    assert [hit.snippet for hit in search.find("sec")] == ["second"]
    poor.close()
    with ChatStore(tmp_path / "chats.sqlite") as store:
        assert len(store.search.find("sec")) == 1
        assert store.search.is_indexed


def test_deleted_words_are_not_in_the_file(tmp_path):
    path = tmp_path / "chats.sqlite"
    with ChatStore(path) as store:
        chat, _ = say(store, "unmistakableword " * 50)
        say(store, "stays")
        store.trash.put(chat.id)
        assert store.trash.forget() == [chat.id]
        store.back_up()
        for each in filter(Path.is_file, tmp_path.rglob("*")):
            assert b"unmistakableword" not in each.read_bytes()
