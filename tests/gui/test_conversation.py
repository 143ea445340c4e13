import sqlite3

import pytest

from octavo.gui.conversation import Conversation
from octavo.store.chat_settings import ChatSettings
from octavo.store.chats import ChatStore
from octavo.store.database import NotSaved

MODEL = "/models/a.gguf"


@pytest.fixture
def talk(qapp):
    conversation = Conversation(ChatStore())
    yield conversation
    conversation.close()


def say(talk, question, answer):
    asked = talk.add_question(question, MODEL, "")
    talk.begin_answer()
    talk.grow_answer(answer)
    return asked, talk.end_answer("stop", {})


def texts(talk):
    return [each.text for each in talk.branch]


def test_an_edited_question_is_a_branch_beside_the_old_one(talk):
    asked, _ = say(talk, "Why?", "Because.")
    say(talk, "Really?", "Yes.")

    edited = talk.edit(asked.id, "Why not?")

    assert texts(talk) == ["Why not?"]
    assert talk.siblings(edited) == [asked.id, edited.id]
    talk.show_sibling(edited.id, -1)
    assert texts(talk) == ["Why?", "Because.", "Really?", "Yes."]


def test_an_edited_answer_can_be_gone_on_from(talk):
    _, answer = say(talk, "Why?", "Because.")

    edited = talk.edit(answer.id, "Who knows.")
    say(talk, "I see", "Good.")

    assert texts(talk) == ["Why?", "Who knows.", "I see", "Good."]
    assert talk.siblings(edited) == [answer.id, edited.id]


def test_a_branch_comes_back_as_it_was_left(talk):
    asked, first = say(talk, "Why?", "Because.")
    say(talk, "One", "1")
    talk.edit(talk.branch[2].id, "Two")
    talk.show_sibling(talk.branch[2].id, -1)
    talk.step_back(first.id)
    second = talk.begin_answer()
    talk.end_answer("stop", {})

    talk.show_sibling(second.id, -1)

    assert texts(talk) == ["Why?", "Because.", "One", "1"]
    chat_id = talk.chat.id
    talk.begin_new()
    talk.open(chat_id)
    assert texts(talk) == ["Why?", "Because.", "One", "1"]
    assert asked in talk.branch


def test_a_found_message_is_shown_on_its_branch(talk):
    _, first = say(talk, "Why?", "Because.")
    talk.edit(first.id, "Other")
    chat_id = talk.chat.id
    talk.begin_new()

    talk.open(chat_id, first.id)

    assert texts(talk) == ["Why?", "Because."]


def test_a_stopped_answer_goes_on_where_it_stopped(talk):
    talk.add_question("Count", MODEL, "")
    talk.begin_answer()
    talk.grow_answer("one two")
    assert talk.end_answer("cancelled", {}).can_continue

    begun = talk.continue_answer()
    assert talk.messages_for_engine("") == [{"role": "user", "content": "Count"}]
    assert talk.answer_so_far == "one two"
    talk.grow_answer(" three")
    whole = talk.end_answer("stop", {})

    assert (whole.id, whole.text, whole.can_continue) == (begun.id, "one two three", False)
    assert texts(talk) == ["Count", "one two three"]


def test_an_answer_that_was_cut_off_is_interrupted_at_the_next_start(talk):
    talk.add_question("Count", MODEL, "")
    answer = talk.begin_answer()
    talk.grow_answer("one")
    talk._save()

    again = Conversation(ChatStore())
    again.open(talk.chat.id)

    assert (again.branch[-1].id, again.branch[-1].finish) == (answer.id, "interrupted")
    assert again.branch[-1].can_continue
    again.close()


def test_an_answer_for_another_chat_than_the_one_on_view_is_kept(talk):
    talk.add_question("First", MODEL, "")
    talk.begin_answer()
    talk.grow_answer("half")
    first = talk.chat.id
    talk.begin_new()

    talk.end_answer("cancelled", {})

    assert talk.branch == []
    talk.open(first)
    assert texts(talk) == ["First", "half"]


def test_a_full_disk_is_told_once_and_the_text_stays(talk):
    told = []
    talk.not_saved.connect(told.append)
    talk.add_question("Hello", MODEL, "")
    talk.begin_answer()
    pages = talk.store._database.execute("PRAGMA page_count").fetchone()[0]
    talk.store._database.execute(f"PRAGMA max_page_count = {pages}")

    talk.grow_answer("much text " * 10_000)
    talk._save()
    whole = talk.end_answer("stop", {})

    assert len(told) == 1
    assert "full" in told[0]
    assert whole.text == talk.branch[-1].text == "much text " * 10_000
    talk.store._database.execute("PRAGMA max_page_count = 1000000")


def test_an_answer_is_written_only_when_there_is_more_of_it(talk, monkeypatch):
    talk.add_question("Hello", MODEL, "")
    talk.begin_answer()
    written = []
    monkeypatch.setattr(talk.store, "change_message", lambda _, **what: written.append(what))

    talk.grow_answer("Hi")
    talk._save()
    talk._save()

    assert written == [{"text": "Hi"}]


def test_name_pin_and_settings_stay_with_the_chat(talk):
    say(talk, "Hello", "Hi")
    say_first = talk.chat.id
    talk.rename("  A new\nname ")
    talk.pin(True)
    talk.keep_settings(ChatSettings(system_prompt="Be brief.", temperature=0.0, stop_texts=("END",)))
    talk.begin_new()
    say(talk, "Later", "Hi")

    first, _ = talk.chats()

    assert (first.id, first.title, first.is_pinned) == (say_first, "A new name", True)
    assert (first.settings.stop_texts, first.system_prompt) == (("END",), "Be brief.")


def test_an_unended_answer_is_written_when_the_window_closes(qapp):
    talk = Conversation(ChatStore())
    talk.add_question("Hello", MODEL, "")
    talk.begin_answer()
    talk.grow_answer("Hi")
    talk.close()

    with pytest.raises(sqlite3.ProgrammingError):
        talk.store._database.execute("SELECT 1")
    with ChatStore() as store:
        answer = store.messages(talk.chat.id)[-1]
    assert (answer.text, answer.finish) == ("Hi", "cancelled")


def test_a_deleted_message_takes_all_below_it_and_comes_back(talk):
    _, answer = say(talk, "Why?", "Because.")
    say(talk, "Really?", "Yes.")

    deleted = talk.delete_message(answer.id)

    assert texts(talk) == ["Why?"]
    assert talk.messages_for_engine("") == [{"role": "user", "content": "Why?"}]
    talk.open(talk.chat.id)
    assert texts(talk) == ["Why?"]
    talk.restore_messages(answer.id, deleted)
    assert texts(talk) == ["Why?", "Because.", "Really?", "Yes."]


def test_beside_a_deleted_message_another_branch_is_shown(talk):
    asked, _ = say(talk, "Why?", "Because.")
    edited = talk.edit(asked.id, "Why not?")

    deleted = talk.delete_message(edited.id)

    assert texts(talk) == ["Why?", "Because."]
    assert talk.siblings(asked) == [asked.id]
    talk.restore_messages(edited.id, deleted)
    assert texts(talk) == ["Why not?"]
    assert talk.siblings(asked) == [asked.id, edited.id]


def test_chats_of_a_newer_octavo_are_shown_and_left_alone(talk):
    say(talk, "Hello", "Hi")
    chat_id = talk.chat.id
    talk.store._database.execute("PRAGMA user_version = 99")

    newer = Conversation(ChatStore())
    newer.open(chat_id)

    assert texts(newer) == ["Hello", "Hi"]
    with pytest.raises(NotSaved):
        newer.add_question("More", MODEL, "")
    newer.close()
