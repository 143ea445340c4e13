import json
import os
import time
from dataclasses import replace

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder

from octavo.engine.progress import finish
from octavo.store import library
from octavo.store.cards import keep_card, known_card
from octavo.store.library import demo_model, list_models
from octavo.store.places import Place, known_places, search
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


@pytest.mark.parametrize("kind", ["circle", "pipe", "device"])
def test_what_is_no_file_is_told_and_never_opened(kind, tmp_path):
    path = tmp_path / "odd.gguf"
    if kind == "circle":
        path.symlink_to("odd.gguf")
    elif kind == "pipe":  # opening it would wait for a writer for ever
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    write_tiny_gguf(tmp_path / "good.gguf")

    _, good, odd = finish(list_models(Settings(), [Place("Mine", tmp_path)]))

    assert (good.problem, odd.name) == ("", "odd")
    assert odd.problem.startswith("It is a link" if kind == "circle" else "It is no ordinary file")


def test_names_and_reasons_stay_on_one_line(tmp_path):
    (tmp_path / "a\nb\x1b[31m.gguf").write_bytes(b"")

    *_, entry = finish(list_models(Settings(), [Place("Mine", tmp_path)]))

    assert (entry.name, entry.problem) == (r"a\nb\x1b[31m", "The file is empty.")


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
