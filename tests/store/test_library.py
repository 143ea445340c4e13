import json
from pathlib import Path

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder

from octavo.engine.progress import finish
from octavo.store import library
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
    monkeypatch.setattr(library, "_with_header", lambda entry: pytest.fail(f"{entry.path} was read again"))
    assert finish(list_models(Settings(), places)) == first


def test_changed_file_is_read_again(tmp_path):
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    places = [Place("Mine", tmp_path)]
    finish(list_models(Settings(), places))
    path.write_bytes(b"spoilt")
    *_, entry = finish(list_models(Settings(), places))
    assert entry.problem


def test_damaged_index_costs_only_time(tmp_path, home):
    (home / "cache").mkdir()
    (home / "cache" / "library-1.json").write_text('[{"path": 3}]')
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
