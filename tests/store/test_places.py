import os
from pathlib import Path

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.progress import finish
from octavo.store.library import list_models
from octavo.store.places import Place, is_model_file, known_places, search
from octavo.store.settings import Settings


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
        ("._model.gguf", False),
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


def test_a_pipe_among_ollama_s_manifests_is_passed_over(tmp_path):
    (tmp_path / "manifests" / "library").mkdir(parents=True)
    os.mkfifo(tmp_path / "manifests" / "library" / "latest")

    assert list(search(Place("Ollama", tmp_path))) == []


def test_jan_calls_the_folder_by_the_model_s_name(tmp_path):
    write_tiny_gguf(tmp_path / "Qwen3-4B" / "model.gguf")

    assert [each.name for each in search(Place("Jan", tmp_path))] == ["Qwen3-4B"]
