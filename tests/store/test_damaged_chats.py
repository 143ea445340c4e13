import os
import sqlite3
from datetime import date, timedelta

import pytest

from octavo.engine.errors import OctavoError
from octavo.store import salvage
from octavo.store.backups import back_up_daily, copies, outdated
from octavo.store.chat_schema import MIGRATIONS
from octavo.store.chats import ChatStore
from octavo.store.database import NotSaved, open_database

PAGE = 4096


def fill(path, n_chats=20, n_messages=20):
    with ChatStore(path) as store, store.all_or_nothing():
        for number in range(n_chats):
            chat, parent = store.new_chat(f"Chat {number}"), None
            for said in range(n_messages):
                parent = store.add_message(chat.id, "user", f"{number}.{said} " * 60, parent_id=parent).id


def reopened(path):
    """What the user is told, the titles and the number of messages that can be read."""
    with ChatStore(path) as store:
        chats = store.chats()
        texts = [each.text for chat in chats for each in store.tree(chat.id).path(chat.leaf_id)]
        assert store.search.find("1.1") or not texts
        store.add_message(store.new_chat("after").id, "user", "still works")
        return store.problem, [chat.title for chat in chats], texts


def overwrite(path, start, content):
    with path.open("r+b") as file:
        file.seek(start)
        file.write(content)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "chats.sqlite"
    fill(path)
    return path


@pytest.mark.parametrize("damage", [b"\0", b"\x55"], ids=["zeros", "rubbish"])
def test_rows_around_damaged_pages_are_taken_over(path, damage):
    n_pages = path.stat().st_size // PAGE
    overwrite(path, n_pages // 2 * PAGE, damage * (8 * PAGE))
    problem, titles, texts = reopened(path)
    assert problem.startswith("chats.sqlite was damaged and is kept as chats.broken-1.sqlite; ")
    assert len(titles) == 20
    assert len(texts) > 150


def test_a_truncated_file_gives_what_is_left(path):
    os.truncate(path, path.stat().st_size // 2 // PAGE * PAGE)
    problem, titles, _ = reopened(path)
    assert "damaged" in problem
    assert "Chat 0" in titles


def test_a_cut_file_gets_the_length_that_it_says_unless_that_is_mad(path):
    whole = path.stat().st_size
    os.truncate(path, whole // 2)
    salvage._lengthen(path)
    assert path.stat().st_size == whole

    overwrite(path, 28, (2**31).to_bytes(4, "big"))
    salvage._lengthen(path)
    assert path.stat().st_size == whole


def test_rubbish_is_replaced_by_the_newest_backup(path):
    with ChatStore(path) as store:
        assert store.back_up()
        store.new_chat("after the backup")
    path.write_bytes(os.urandom(50_000))
    problem, titles, texts = reopened(path)
    assert "newest backup took its place" in problem
    assert (len(titles), len(texts)) == (20, 400)


def test_backup_and_readable_rows_come_together(path):
    with ChatStore(path) as store:
        store.back_up()
        late = store.new_chat("late")
        store.add_message(late.id, "user", "after the backup")
    n_pages = path.stat().st_size // PAGE
    overwrite(path, n_pages // 2 * PAGE, b"\x55" * (4 * PAGE))
    problem, titles, texts = reopened(path)
    assert "added to the newest backup" in problem
    assert "late" in titles
    assert len(texts) == 401


def test_a_missing_log_loses_only_what_was_in_it(path):
    with ChatStore(path) as store:
        store.new_chat("in the log")
        store._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.new_chat("only in the log")
        content = path.read_bytes()
    path.write_bytes(content)
    problem, titles, _ = reopened(path)
    assert problem == ""
    assert "in the log" in titles


def test_damaged_backups_are_passed_over(path):
    with ChatStore(path) as store:
        store.back_up()
    (copy,) = copies(path)
    copy.write_bytes(b"no database " * 100)
    path.write_bytes(b"nor this " * 1000)
    problem, titles, _ = reopened(path)
    assert "a new one was begun" in problem
    assert titles == []


def test_a_backup_that_opens_but_is_damaged_inside_makes_way_for_an_older_one(path):
    with ChatStore(path) as store:
        store.back_up()
    (copy,) = copies(path)
    older = copy.with_stem(f"{path.stem}-2001-01-01")
    older.write_bytes(copy.read_bytes())
    os.utime(older, (1, 1))
    assert copies(path) == [copy, older]
    overwrite(copy, copy.stat().st_size // PAGE // 2 * PAGE, bytes(8 * PAGE))
    path.write_bytes(b"nor this " * 1000)

    _, titles, texts = reopened(path)

    assert (len(titles), len(texts)) == (20, 400)


def test_every_older_schema_is_brought_up_to_date_with_a_copy_of_before(tmp_path):
    for schema in range(1, len(MIGRATIONS)):
        path = tmp_path / f"from-{schema}.sqlite"
        old, _ = open_database(path, MIGRATIONS[:schema])
        old.execute(
            "INSERT INTO chats (title, model_path, system_prompt, created, updated) VALUES ('old', '', '', 1, 2)"
        )
        old.execute(
            "INSERT INTO messages (chat_id, role, text, created, finish, stats) VALUES (1, 'user', '1.1', 1, '', '{}')"
        )
        old.close()
        with ChatStore(path) as store:
            assert [chat.title for chat in store.chats()] == ["old"]
            assert [hit.chat_id for hit in store.search.find("1.1")] == [1]
        (copy,) = copies(path)
        before = sqlite3.connect(copy)
        assert before.execute("PRAGMA user_version").fetchone() == (schema,)
        before.close()


def test_chats_of_a_newer_octavo_can_be_read_and_are_not_changed(path):
    newer = sqlite3.connect(path)
    newer.execute("ALTER TABLE chats ADD COLUMN mood TEXT")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with ChatStore(path) as store:
        assert store.is_read_only
        assert "newer Octavo" in store.problem
        assert len(store.chats()) == 20
        assert store.search.find("Chat 3")
        with pytest.raises(NotSaved, match="readonly"):
            store.new_chat("lost")
        assert not store.back_up()
    assert copies(path) == []


def test_a_newer_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "chats.sqlite"
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(OctavoError, match="newer Octavo"):
        ChatStore(path)


def test_a_week_of_days_and_a_month_of_weeks_are_kept():
    today = date(2026, 11, 21)
    days = [today - timedelta(days=n) for n in range(60)]
    kept = set(days) - set(outdated(days))
    assert set(days[:7]) <= kept
    assert len(kept) == 11
    assert outdated(days[:7]) == []


def test_the_day_s_copy_is_made_once(path):
    with ChatStore(path) as store:
        assert store.back_up()
        assert not store.back_up()
        for n in range(1, 40):
            back_up_daily(store._database, path, date.today() + timedelta(days=n))
    assert len(copies(path)) == 11
