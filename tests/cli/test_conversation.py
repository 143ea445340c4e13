import os
import signal

import pytest

from octavo.engine.errors import OctavoError
from octavo.store.chats import ChatStore
from octavo.store.database import NotSaved


def said(chat_id):
    with ChatStore() as store:
        return [(each.text, each.finish) for each in store.messages(chat_id)]


def test_conversation_remembers_what_was_said(octavo, model, terminal):
    terminal("Hello", "", "And again")
    outcome = octavo("chat", "demo")
    assert outcome.status == 0
    assert model.asked[1] == [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "You said so."},
        {"role": "user", "content": "And again"},
    ]


def test_ctrl_c_in_a_conversation_ends_the_answer_only(octavo, model, terminal):
    terminal("Hello", "Still there?")
    stops = iter([signal.SIGINT])

    def stop_once():
        for number in stops:
            os.kill(os.getpid(), number)

    model.on_piece = stop_once
    outcome = octavo("chat", "demo")
    assert outcome.status == 0
    assert "stopped" in outcome.err
    assert len(model.asked) == 2


def test_a_conversation_is_kept_among_the_chats(octavo, model, terminal):
    terminal("Hello", "And again")
    outcome = octavo("chat", "demo")

    with ChatStore() as store:
        (chat,) = store.chats()
    assert said(chat.id) == [
        ("Hello", ""),
        ("You said so.", "stop"),
        ("And again", ""),
        ("You said so.", "stop"),
    ]
    assert f"Kept as chat {chat.id}; --chat {chat.id} goes on with it.\n" in outcome.err


def test_the_question_is_on_the_disk_before_it_is_answered(octavo, model, terminal):
    terminal("Hello")
    found = []
    model.on_piece = lambda: found.append(said(1))
    octavo("chat", "demo")

    assert found[0] == [("Hello", ""), ("", "")]


def test_an_answer_is_written_while_it_grows(octavo, model, terminal, monkeypatch):
    monkeypatch.setattr("octavo.cli.kept_chat._SECONDS_BETWEEN_WRITES", 0)
    terminal("Hello")
    found = []
    model.on_piece = lambda: found.append(said(1)[1][0])
    octavo("chat", "demo")

    assert found == ["You ", "You said ", "You said so."]


def test_nothing_is_kept_where_that_is_not_wished(octavo, model, terminal):
    terminal("Hello")
    outcome = octavo("chat", "demo", "--no-keep")

    assert "Kept" not in outcome.err
    with ChatStore() as store:
        assert store.chats() == []


def test_a_full_disk_ends_the_keeping_and_not_the_conversation(octavo, model, terminal, monkeypatch):
    def fail(*arguments, **options):
        raise NotSaved("chats.sqlite could not be written: database or disk is full.")

    monkeypatch.setattr(ChatStore, "add_message", fail)
    terminal("Hello", "And again")
    outcome = octavo("chat", "demo")

    assert outcome.status == 0
    assert len(model.asked) == 2
    assert outcome.err.count("database or disk is full. The conversation goes on, but is not kept.") == 1


def test_no_folder_for_the_chats_is_told_and_the_conversation_begins(
    octavo, model, terminal, monkeypatch, tmp_path
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OCTAVO_HOME", str(tmp_path / "file"))
    terminal("Hello")
    outcome = octavo("chat", "demo")

    assert outcome.status == 0
    assert "The conversation is not kept." in outcome.err
    assert len(model.asked) == 1


def test_a_full_context_is_told_and_does_not_end_the_conversation(octavo, model, terminal):
    model.context_tokens = 30
    terminal("One", "Two", "/new", "Three")
    outcome = octavo("chat", "demo")

    assert outcome.status == 0
    assert "The conversation takes 30 tokens, and the context holds 30." in outcome.err
    assert [each[-1]["content"] for each in model.asked] == ["One", "Three"]
    assert len(model.asked[1]) == 1
    assert said(1) == [("One", ""), ("You said so.", "stop")]


def test_the_oldest_turns_are_left_out_where_that_is_wished_and_it_is_said(octavo, model, terminal):
    model.context_tokens = 35
    terminal("One", "Two")
    outcome = octavo("chat", "demo", "--overflow", "drop_oldest", "--max-tokens", "15")

    assert [each["content"] for each in model.asked[1]] == ["Two"]
    assert "The context is full: the 2 oldest messages are not sent.\n" in outcome.err


def test_a_question_that_the_template_refuses_is_no_part_of_the_conversation(octavo, model, terminal):
    def refuse(messages):
        if messages[-1]["content"] == "Bad":
            raise OctavoError("The template refuses this.")
        model.asked.append([each["content"] for each in messages])
        return [1]

    model.prompt_ids = refuse
    terminal("Bad", "Good")
    outcome = octavo("chat", "demo")

    assert "octavo: The template refuses this.\n" in outcome.err
    assert model.asked == [["Good"]]


def test_quotes_hold_several_lines_together(octavo, model, terminal):
    terminal('"""One', "Two", '"""', '"""Three"""')
    octavo("chat", "demo", "--no-keep")

    assert [each[-1]["content"] for each in model.asked] == ["One\nTwo", "Three"]


def test_raw_texts_are_continued_one_by_one_and_not_kept(octavo, model, terminal):
    terminal("Once upon", "In the beginning")
    octavo("chat", "demo", "--raw")

    assert model.asked == ["Once upon", "In the beginning"]
    with ChatStore() as store:
        assert store.chats() == []


@pytest.mark.parametrize("option", [["--keep"], ["--chat", "1"]])
def test_raw_texts_cannot_be_kept(octavo, model, option):
    assert octavo("chat", "demo", "--raw", "--prompt", "Once", *option).status == 2


def test_an_unanswered_question_is_not_repeated_when_a_chat_is_gone_on_with(octavo, model):
    with ChatStore() as store:
        chat = store.new_chat("Hello")
        asked = store.add_message(chat.id, "user", "Hello")
        store.add_message(chat.id, "assistant", "", parent_id=asked.id)  # killed before the first word

    octavo("chat", "demo", "--chat", chat.id, "--prompt", "Again")

    assert [each["content"] for each in model.asked[0]] == ["Again"]


def test_an_answer_that_breaks_off_is_kept_as_far_as_it_came(octavo, model, terminal):
    def press_twice():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    model.on_piece = press_twice
    terminal("Hello")
    assert octavo("chat", "demo").status == 130
    assert said(1) == [("Hello", ""), ("You ", "cancelled")]
