import json

import pytest

from octavo.store.chats import ChatStore


@pytest.fixture
def chat(home):
    with ChatStore() as store:
        chat = store.new_chat("Sheep", "/models/small.gguf")
        question = store.add_message(chat.id, "user", "Where are the sheep?")
        store.add_message(chat.id, "assistant", "On the green hill.", parent_id=question.id, finish="stop")
        return chat


def test_chats_are_listed_and_searched(octavo, chat):
    assert octavo("chats", "list", "--json").json["chats"][0]["title"] == "Sheep"
    assert "Sheep" in octavo("chats", "list").out
    (hit,) = octavo("chats", "search", "hill", "gre", "--json").json["hits"]
    assert hit["snippet"] == "On the green hill."
    assert "green hill" in octavo("chats", "search", "hill").out


def test_a_chat_is_shown_as_markdown_or_json(octavo, chat):
    assert "## Model\n\nOn the green hill." in octavo("chats", "show", chat.id).out
    shown = octavo("chats", "show", chat.id, "--json").json
    assert [each["role"] for each in shown["messages"]] == ["user", "assistant"]


def test_what_is_exported_can_be_imported(octavo, chat, tmp_path):
    target = tmp_path / "chats.json"
    assert octavo("chats", "export", "-o", target).status == 0
    assert octavo("chats", "export", "-o", target).status == 1
    assert octavo("chats", "import", target).out == "1 chats with 2 messages.\n"
    assert len(octavo("chats", "list", "--json").json["chats"]) == 2
    assert json.loads(octavo("chats", "export", chat.id).out)["format"] == "octavo-chats"
    assert octavo("chats", "export", chat.id, "--as", "markdown").out.startswith("# Sheep")


def test_a_deleted_chat_can_be_restored(octavo, chat):
    assert octavo("chats", "delete", chat.id).status == 0
    assert octavo("chats", "list", "--json").json["chats"] == []
    assert octavo("chats", "list", "--deleted", "--json").json["chats"][0]["id"] == chat.id
    octavo("chats", "delete", chat.id, "--restore")
    assert len(octavo("chats", "list", "--json").json["chats"]) == 1


def test_an_unknown_chat_and_a_bad_file_are_refused_in_a_line(octavo, chat, tmp_path):
    refused = octavo("chats", "show", 99)
    assert (refused.status, refused.err) == (1, "octavo: There is no chat 99. octavo chats list shows all.\n")
    (tmp_path / "bad.json").write_text("no")
    assert octavo("chats", "import", tmp_path / "bad.json").err.count("\n") == 1


def test_no_chats_are_a_sentence_and_not_an_empty_table(octavo, home):
    assert octavo("chats", "list").out == "There is no chat yet. octavo chat MODEL begins one.\n"
    assert octavo("chats", "list", "--deleted").out == "The trash is empty.\n"
    assert octavo("chats", "search", "sheep").out == "Nothing was found.\n"


def test_chats_are_not_written_into_a_folder_that_is_not_there(octavo, chat, tmp_path):
    outcome = octavo("chats", "export", "-o", tmp_path / "gone" / "chats.json")
    assert (outcome.status, outcome.err) == (
        1,
        f"octavo: There is no folder {tmp_path / 'gone'}. Create it first, or choose another one.\n",
    )
