import json
import os
import zipfile

import pytest

from octavo.engine.errors import OctavoError
from octavo.engine.progress import finish
from octavo.store import chat_import
from octavo.store.chat_export import as_json, as_markdown
from octavo.store.chat_import import import_chats
from octavo.store.chat_settings import ChatSettings
from octavo.store.chats import ChatStore


@pytest.fixture
def store(tmp_path):
    with ChatStore(tmp_path / "chats.sqlite") as store:
        yield store


@pytest.fixture
def imported(store, tmp_path):
    """``imported(document)``: what comes of a JSON file."""

    def take(document):
        path = tmp_path / "export.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return finish(import_chats(store, path))

    return take


def branch(store, chat_id):
    return [(each.role, each.text) for each in store.tree(chat_id).path(store.chat(chat_id).leaf_id)]


def test_our_json_brings_everything_back(store, imported, tmp_path):
    settings = ChatSettings(system_prompt="Be brief.", temperature=0.1, stop_texts=("END",), seed=3)
    chat = store.new_chat("Branches", "/home/somebody/models/small.gguf", "Be brief.", settings=settings)
    question = store.add_message(chat.id, "user", "Why? 😀")
    first = store.add_message(
        chat.id, "assistant", "Because.", parent_id=question.id, finish="cancelled", stats={"n_tokens": 2}
    )
    store.add_message(chat.id, "assistant", "Who knows.", parent_id=question.id, finish="stop")
    tree = store.tree(chat.id)
    store.show_branch(chat.id, first.id, tree.show(first.id))
    store.change_chat(chat.id, is_pinned=True)
    store.folders.put(chat.id, store.folders.add("Work").id)

    text = as_json(store, store.chats())
    report = imported(text)

    assert "somebody" not in text
    (new_id,) = report.chat_ids
    found = store.chat(new_id)
    assert (found.title, found.model_path, found.is_pinned, found.settings) == (
        "Branches",
        "small.gguf",
        True,
        settings,
    )
    assert found.folder_id == store.chat(chat.id).folder_id is not None
    assert branch(store, new_id) == [("user", "Why? 😀"), ("assistant", "Because.")]
    (answer,) = [each for each in store.messages(new_id) if each.text == "Because."]
    assert (answer.finish, answer.stats, answer.created) == ("cancelled", {"n_tokens": 2}, first.created)
    assert len(store.tree(new_id).siblings(answer.id)) == 2


def test_markdown_is_the_branch_on_view(store):
    chat = store.new_chat("A *title*\nin two lines", "C:\\models\\small.gguf", "Be brief.")
    question = store.add_message(chat.id, "user", "Why?")
    text = as_markdown(chat, [question])
    assert text.startswith("# A *title* in two lines\n\n*20")
    assert "small.gguf" in text
    assert "models" not in text
    assert text.endswith("> Be brief.\n\n## You\n\nWhy?\n")


CHATGPT = [
    {
        "title": "Of ChatGPT",
        "create_time": 1_700_000_000.5,
        "update_time": 1_700_000_100.0,
        "mapping": {
            "root": {"id": "root", "message": None, "parent": None, "children": ["sys"]},
            "sys": {"message": {"author": {"role": "system"}, "content": {"parts": [""]}}, "parent": "root"},
            "q": {
                "message": {
                    "author": {"role": "user"},
                    "create_time": 1_700_000_001.0,
                    "content": {"content_type": "text", "parts": ["Hello", {"image": "x"}, "there"]},
                },
                "parent": "sys",
            },
            "tool": {"message": {"author": {"role": "tool"}, "content": {"parts": ["x"]}}, "parent": "q"},
            "a1": {
                "message": {"author": {"role": "assistant"}, "content": {"parts": ["First"]}},
                "parent": "tool",
            },
            "a2": {
                "message": {"author": {"role": "assistant"}, "content": {"parts": ["Second"]}},
                "parent": "q",
            },
        },
        "current_node": "a1",
    }
]
OPEN_WEBUI = [
    {
        "id": "x",
        "title": "Of Open WebUI",
        "pinned": True,
        "created_at": 1_700_000_000,
        "updated_at": 1_700_000_500,
        "chat": {
            "models": ["llama3"],
            "history": {
                "currentId": "2",
                "messages": {
                    "1": {"id": "1", "parentId": None, "role": "user", "content": "Hi"},
                    "2": {"id": "2", "parentId": "1", "role": "assistant", "content": "Hello"},
                },
            },
        },
    }
]


def test_chats_of_chatgpt_keep_their_branches(store, imported):
    report = imported(CHATGPT)
    (chat_id,) = report.chat_ids
    assert branch(store, chat_id) == [("user", "Hello\n\nthere"), ("assistant", "First")]
    assert [each.text for each in store.messages(chat_id)] == ["Hello\n\nthere", "First", "Second"]
    chat = store.chat(chat_id)
    assert (chat.title, chat.created, chat.updated) == ("Of ChatGPT", 1_700_000_000.5, 1_700_000_100.0)


def test_chats_of_open_webui_come_with_model_and_pin(store, imported):
    (chat_id,) = imported(OPEN_WEBUI).chat_ids
    chat = store.chat(chat_id)
    assert branch(store, chat_id) == [("user", "Hi"), ("assistant", "Hello")]
    assert (chat.model_path, chat.is_pinned, chat.updated) == ("llama3", True, 1_700_000_500)


def test_the_zip_of_chatgpt_is_read_as_it_is(store, tmp_path):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("user.json", "{}")
        archive.writestr("conversations.json", json.dumps(CHATGPT))
    assert len(finish(import_chats(store, tmp_path / "export.zip")).chat_ids) == 1


def test_chats_that_cannot_be_read_are_left_out_and_counted(store, imported):
    broken = [
        {"mapping": {"a": {"message": 3}}},
        {"mapping": {"a": None, "b": {"parent": ["x"], "message": {"author": 1, "content": {"parts": 7}}}}},
        {"chat": {"history": {"messages": []}}},
        {"chat": {"history": 5, "models": {}}},
    ]
    report = imported([*broken, *CHATGPT])
    assert (len(report.chat_ids), report.n_skipped) == (1, 4)


def test_circles_of_parents_end(store, imported):
    entry = json.loads(json.dumps(OPEN_WEBUI[0]))
    entry["chat"]["history"]["messages"]["1"]["parentId"] = "2"
    entry["chat"]["history"]["messages"]["3"] = {"parentId": "3", "role": "user", "content": "self"}
    entry["chat"]["history"]["messages"]["4"] = {"parentId": "gone", "role": "user", "content": "orphan"}
    report = imported([entry])
    assert [each.text for each in store.messages(report.chat_ids[0])] == ["orphan"]


def test_deep_chats_and_odd_characters_are_no_trouble(store, imported):
    nodes = {
        str(n): {"parentId": str(n - 1), "role": "user" if n % 2 else "assistant", "content": "\ud800 \0"}
        for n in range(3000)
    }
    entry = {"title": "\udfff", "created_at": 1e300, "chat": {"history": {"messages": nodes}}}
    (chat_id,) = imported([entry]).chat_ids
    found = store.messages(chat_id)
    assert len(found) == 3000
    assert found[0].text == "\ufffd \ufffd"
    assert store.chat(chat_id).title == "\ufffd"


@pytest.mark.parametrize(
    "document",
    [
        "",
        "no json",
        "[",
        "[NaN]",
        "[" * 100_000,
        "{}",
        "[]",
        "3",
        '{"format": "octavo-chats", "chats": 3}',
        "\ufeff[1]",
    ],
)
def test_what_holds_no_chats_is_refused_in_a_sentence(store, imported, document):
    with pytest.raises(OctavoError, match=r"export\.json (is no JSON file|holds no chats)"):
        imported(document)
    assert store.chats() == []


def test_numbers_beyond_reason_are_no_trouble(store, imported):
    stats = '{"n_tokens": 1e999, "context_used": ' + "9" * 5000 + "}"
    message = '{"id": 1, "role": "assistant", "text": "Hi", "stats": ' + stats + ', "created": 1e999}'
    report = imported('{"format": "octavo-chats", "chats": [{"messages": [' + message + "]}]}")
    (found,) = store.messages(report.chat_ids[0])
    assert found.stats == {}


def test_nothing_is_kept_of_a_file_that_is_too_much(store, imported, monkeypatch):
    monkeypatch.setattr(chat_import, "MOST_MESSAGES", 3)
    with pytest.raises(OctavoError, match="holds more than"):
        imported([*CHATGPT, *CHATGPT])
    assert store.chats() == []


def test_large_files_pipes_and_broken_zips_are_refused(store, tmp_path, monkeypatch):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OctavoError, match="pipe is no file"):
        finish(import_chats(store, pipe))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conversations.json", b" " * 100_000)
    content = bytearray((tmp_path / "bomb.zip").read_bytes())
    content[45:60] = b"\xff" * 15
    (tmp_path / "bad.zip").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("other.txt", "")
    monkeypatch.setattr(chat_import, "MOST_BYTES", 10_000)
    for name, words in (("bomb.zip", "larger"), ("bad.zip", "damaged"), ("other.zip", "holds no conv")):
        with pytest.raises(OctavoError, match=words):
            finish(import_chats(store, tmp_path / name))
    (tmp_path / "large.json").write_bytes(b" " * 10_001)
    with pytest.raises(OctavoError, match="larger"):
        finish(import_chats(store, tmp_path / "large.json"))
