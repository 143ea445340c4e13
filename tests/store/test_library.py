import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder

from octavo.engine.progress import finish
from octavo.store import library
from octavo.store.cards import keep_card, known_card
from octavo.store.library import demo_model, list_models
from octavo.store.places import Place, is_model_file, known_places, search
from octavo.store.settings import Settings


def test_demo_model_is_always_there():
    entries = finish(list_models(Settings(), places=[]))
    assert [(entry.name, entry.source, entry.path) for entry in entries] == [
        ("Octavo demo", "Octavo", str(demo_model()))
    ]


def test_bad_file_is_an_entry_with_its_problem(tmp_path):
    write_tiny_gguf(tmp_path / "good.gguf")
    (tmp_path / "bad.gguf").write_bytes(b"no model")
    _, bad, good = finish(list_models(Settings(), [Place("Mine", tmp_path)]))
    assert (bad.name, bad.source, bad.bytes) == ("bad", "Mine", 8)
    assert bad.problem
    assert (good.name, good.architecture, good.problem) == ("good", "llama", "")


def test_a_name_that_is_no_text_is_an_entry_with_its_problem(tmp_path):
    # As Python gives names that are not UTF-8: here è in Latin-1.
    added = (str(tmp_path / "mod\udce8le.gguf"),)

    *_, entry = finish(list_models(Settings(added_models=added), []))

    assert (entry.name, entry.path) == ("mod\ufffdle", str(tmp_path / "mod\ufffdle.gguf"))
    assert "Rename it" in entry.problem


def test_model_in_two_lists_appears_once(tmp_path):
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    (tmp_path / "link.gguf").symlink_to(path)
    settings = Settings(added_models=(str(path),), model_folders=(str(tmp_path),))
    entries = finish(list_models(settings, [Place("Mine", tmp_path)]))
    assert [entry.source for entry in entries] == ["Octavo", "Added"]


def test_model_that_has_gone_is_not_listed(tmp_path):
    entries = finish(list_models(Settings(added_models=(str(tmp_path / "gone.gguf"),)), []))
    assert [entry.name for entry in entries] == ["Octavo demo"]


def test_unchanged_file_is_not_read_again(tmp_path, monkeypatch):
    write_tiny_gguf(tmp_path / "tiny.gguf")
    places = [Place("Mine", tmp_path)]
    first = finish(list_models(Settings(), places))
    monkeypatch.setattr(library, "_with_header", lambda entry, _: pytest.fail(f"{entry.path} was read again"))
    assert finish(list_models(Settings(), places)) == first


def test_a_file_of_the_same_size_that_was_written_again_is_read_again(tmp_path):
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    places = [Place("Mine", tmp_path)]
    finish(list_models(Settings(), places))

    path.write_bytes(bytes(path.stat().st_size))
    os.utime(path, ns=(5, 5))

    *_, entry = finish(list_models(Settings(), places))
    assert "no GGUF file" in entry.problem


def test_files_can_be_listed_before_they_are_read(tmp_path):
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    places = [Place("Mine", tmp_path)]

    *_, listed = finish(list_models(Settings(), places, card_of=lambda path: None))
    *_, read = finish(list_models(Settings(), places))

    assert (listed.name, listed.bytes, listed.type) == ("tiny", path.stat().st_size, "")
    assert read.type != ""


def test_what_was_inspected_before_is_listed_with_its_header(tmp_path):
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    keep_card(path, library.read_card(path))

    *_, entry = finish(list_models(Settings(), [Place("Mine", tmp_path)], card_of=known_card))

    assert entry.architecture == "llama"


def test_the_next_start_shows_the_last_list_before_it_looks_again(tmp_path):
    write_tiny_gguf(tmp_path / "tiny.gguf")
    assert library.remembered_models() == []

    entries = finish(list_models(Settings(), [Place("Mine", tmp_path)], card_of=lambda path: None))

    assert library.remembered_models() == entries
    assert [each.name for each in entries] == ["Octavo demo", "tiny"]


def test_changed_file_is_read_again(tmp_path):
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    places = [Place("Mine", tmp_path)]
    finish(list_models(Settings(), places))
    path.write_bytes(b"spoilt")
    *_, entry = finish(list_models(Settings(), places))
    assert entry.problem


def test_damaged_index_costs_only_time(tmp_path, home):
    (home / "cache").mkdir(exist_ok=True)
    (home / "cache" / library._INDEX_NAME).write_text('[{"path": 3}]')
    assert [entry.name for entry in finish(list_models(Settings(), []))] == ["Octavo demo"]


def test_hugging_face_cache_names_its_models(tmp_path):
    snapshot = tmp_path / "models--some--model" / "snapshots" / "abc"
    write_tiny_hf_folder(snapshot)
    (found,) = search(Place("Hugging Face", tmp_path))
    assert (found.path, found.name) == (snapshot, "some/model")


def test_ollama_manifest_leads_to_its_blob(tmp_path):
    digest = "sha256:" + "0123456789abcdef" * 4
    blob = tmp_path / "blobs" / digest.replace(":", "-")
    blob.parent.mkdir()
    blob.write_bytes(b"GGUF")
    manifest = tmp_path / "manifests" / "somewhere" / "library" / "tiny" / "latest"
    manifest.parent.mkdir(parents=True)
    layers = [{"mediaType": "application/vnd.ollama.image.model", "digest": digest}]
    manifest.write_text(json.dumps({"layers": layers}))
    (found,) = search(Place("Ollama", tmp_path))
    assert (found.path, found.name) == (blob, "tiny:latest")


@pytest.mark.parametrize(
    "content", ["", "[]", '{"layers": [{"digest": "../../x"}]}', '{"layers": 3}', "[" * 50_000]
)
def test_strange_ollama_manifest_is_passed_over(tmp_path, content):
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "odd").write_text(content)
    assert list(search(Place("Ollama", tmp_path))) == []


@pytest.mark.parametrize(
    ("name", "is_model"),
    [
        ("a.gguf", True),
        ("A.GGUF", True),
        ("a-00001-of-00003.gguf", True),
        ("a-00002-of-00003.gguf", False),
        ("mmproj-a.gguf", False),
        ("a.gguf.partial", False),
        ("a.bin", False),
    ],
)
def test_names_tell_what_is_a_model(name, is_model):
    assert is_model_file(name) is is_model


def test_environment_moves_the_folders_of_other_programs():
    places = known_places(Path("/home/me"), {"HF_HOME": "/big/hf", "OLLAMA_MODELS": "/big/ollama"})
    folders = {(place.source, place.folder.as_posix()) for place in places}
    assert ("Hugging Face", "/big/hf/hub") in folders
    assert ("Ollama", "/big/ollama") in folders
    assert ("llama.cpp", "/home/me/.cache/llama.cpp") in folders


def test_gpt4all_keeps_its_models_in_a_folder_of_its_maker(tmp_path):
    folder = tmp_path / ".local/share/nomic.ai/GPT4All"
    folder.mkdir(parents=True)
    write_tiny_gguf(folder / "orca-mini.gguf")
    (folder / "localdocs_v3.db").write_bytes(b"no model")

    (entry,) = finish(list_models(Settings(), known_places(tmp_path, {})))[1:]

    assert (entry.source, entry.name, entry.problem) == ("GPT4All", "orca-mini", "")


def test_lm_studio_s_moved_folder_is_followed(tmp_path):
    moved = tmp_path / "elsewhere"
    (moved / "models/maker/model").mkdir(parents=True)
    write_tiny_gguf(moved / "models/maker/model/tiny.gguf")
    (tmp_path / ".lmstudio-home-pointer").write_text(f"{moved}\n")

    (entry,) = finish(list_models(Settings(), known_places(tmp_path, {})))[1:]

    assert (entry.source, entry.name) == ("LM Studio", "tiny")


def test_models_of_all_programs_are_found_in_one_home(tmp_path):
    for folder in (
        ".cache/huggingface/hub/models--maker--name/snapshots/abc",
        ".lmstudio/models/maker/name",
        ".cache/llama.cpp",
        ".local/share/Jan/data/llamacpp/models/name",
        ".local/share/nomic.ai/GPT4All",
    ):
        (tmp_path / folder).mkdir(parents=True)
        write_tiny_gguf(tmp_path / folder / "tiny.gguf")

    entries = finish(list_models(Settings(), known_places(tmp_path, {})))[1:]

    assert [each.source for each in entries] == ["Hugging Face", "LM Studio", "llama.cpp", "Jan", "GPT4All"]
    assert {each.duplicate_of for each in entries[1:]} == {entries[0].path}


def test_a_copy_is_told_from_another_file_of_its_size(tmp_path):
    first = write_tiny_gguf(tmp_path / "a.gguf")
    (tmp_path / "b.gguf").write_bytes(first.read_bytes())
    changed = bytearray(first.read_bytes())
    changed[-1] ^= 1
    (tmp_path / "c.gguf").write_bytes(changed)

    a, b, c = finish(list_models(Settings(), [Place("Mine", tmp_path)]))[1:]

    assert (a.duplicate_of, b.duplicate_of, c.duplicate_of) == ("", str(first), "")


def test_links_within_the_hub_s_cache_show_one_model(tmp_path):
    hub = tmp_path / "models--maker--name"
    (hub / "blobs").mkdir(parents=True)
    blob = write_tiny_gguf(hub / "blobs" / "0123.gguf").rename(hub / "blobs" / "0123")
    for revision in ("abc", "def"):
        (hub / "snapshots" / revision).mkdir(parents=True)
        (hub / "snapshots" / revision / "tiny.gguf").symlink_to(blob)

    (entry,) = finish(list_models(Settings(), [Place("Hugging Face", tmp_path)]))[1:]

    assert entry.problem == entry.duplicate_of == ""


def test_a_link_to_nothing_is_told_and_hides_nothing(tmp_path):
    (tmp_path / "a.gguf").symlink_to(tmp_path / "blobs" / "missing")
    write_tiny_gguf(tmp_path / "b.gguf")

    a, b = finish(list_models(Settings(), [Place("Hugging Face", tmp_path)]))[1:]

    assert (a.name, a.bytes) == ("a", 0)
    assert "missing" in a.problem
    assert b.problem == ""


def test_an_ollama_model_without_its_blob_is_told(tmp_path):
    manifest = tmp_path / "manifests/registry/library/tiny/latest"
    manifest.parent.mkdir(parents=True)
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:" + "0" * 64}
    manifest.write_text(json.dumps({"layers": [layer]}))

    (entry,) = finish(list_models(Settings(), [Place("Ollama", tmp_path)]))[1:]

    assert entry.name == "tiny:latest"
    assert "missing" in entry.problem


def test_a_truncated_file_is_told(tmp_path):
    whole = write_tiny_gguf(tmp_path / "tiny.gguf")
    whole.write_bytes(whole.read_bytes()[:-100])

    (entry,) = finish(list_models(Settings(), [Place("Mine", tmp_path)]))[1:]

    assert entry.problem


def test_files_that_cannot_be_opened_are_not_read_again_until_they_change(tmp_path, monkeypatch):
    (tmp_path / "bad.gguf").write_bytes(b"no model")
    first = finish(list_models(Settings(), [Place("Mine", tmp_path)]))
    monkeypatch.setattr(library, "_with_header", None)

    assert finish(list_models(Settings(), [Place("Mine", tmp_path)])) == first


def test_two_hundred_known_models_are_listed_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(library, "_with_header", lambda entry, _: replace(entry, architecture="llama"))
    for number in range(200):
        (tmp_path / f"model-{number}.gguf").write_bytes(bytes(1000 + number // 2))
    places = [Place("Mine", tmp_path)]
    first = finish(list_models(Settings(), places))

    started = time.process_time()
    again = finish(list_models(Settings(), places))

    assert time.process_time() - started < 0.5
    assert len(again) == 201
    assert again == first
