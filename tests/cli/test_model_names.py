import os
from pathlib import Path

import pytest

from octavo.cli.model_names import find_model
from octavo.engine.errors import UnreadableModel


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder of nobody's, where we stand."""
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME", "OLLAMA_MODELS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fetched(home, name, *files, snapshot="abc", age=0):
    """A folder of the Hugging Face cache with these files."""
    hub = home / ".cache" / "huggingface" / "hub"
    folder = hub / f"models--{name.replace('/', '--')}" / "snapshots" / snapshot
    folder.mkdir(parents=True)
    for each in files:
        (folder / each).write_bytes(b"")
    os.utime(folder, (1e9 - age, 1e9 - age))
    return folder


def refusal(name):
    with pytest.raises(UnreadableModel) as caught:
        find_model(name)
    return str(caught.value)


def test_a_path_is_itself(home):
    (home / "a.gguf").write_bytes(b"")
    assert find_model("a.gguf") == Path("a.gguf")


@pytest.mark.parametrize(
    "name", ["Org/Tiny", "org/tiny", "hf.co/Org/Tiny", "https://huggingface.co/Org/Tiny/tree/main"]
)
def test_a_name_of_the_hub_means_its_newest_copy_on_this_computer(home, name):
    fetched(home, "Org/Tiny", "config.json", "model.safetensors", snapshot="old", age=100)
    newest = fetched(home, "Org/Tiny", "config.json", "model.safetensors", snapshot="new")
    assert find_model(name) == newest


def test_a_hub_folder_with_one_gguf_means_that_file(home):
    folder = fetched(home, "Org/Tiny-GGUF", "tiny.gguf", "mmproj-tiny.gguf")
    assert find_model("Org/Tiny-GGUF") == folder / "tiny.gguf"


def test_several_files_of_the_hub_are_named(home):
    fetched(home, "Org/Tiny-GGUF", "a.gguf", "b.gguf")
    assert "Org/Tiny-GGUF holds 2 models: " in refusal("Org/Tiny-GGUF")


@pytest.mark.parametrize("name", ["Org/Tiny", "hf.co/Org/Tiny", "https://hf.co/Org/Tiny"])
def test_what_was_not_downloaded_is_said_to_be_so(home, name):
    assert refusal(name).startswith("Org/Tiny is not on this computer, and Octavo downloads nothing.")


def test_any_other_address_is_not_downloaded_either(home):
    assert "downloads nothing" in refusal("https://example.org/a.gguf")


def test_a_folder_of_several_models_names_some(home):
    for name in "abcde":
        (home / f"{name}.gguf").write_bytes(b"")
    assert (
        refusal(".") == ". holds 5 models: a.gguf, b.gguf, c.gguf and 2 more. Name one, for example a.gguf."
    )


def test_a_folder_with_one_gguf_means_that_file(home):
    (home / "models").mkdir()
    (home / "models" / "a.gguf").write_bytes(b"")
    assert find_model("models") == Path("models/a.gguf")


def test_a_folder_that_is_a_model_is_itself(home):
    for name in ("config.json", "a.gguf", "b.gguf"):
        (home / name).write_bytes(b"")
    assert find_model(str(home)) == home


def test_a_near_name_is_proposed(home):
    (home / "smollm.gguf").write_bytes(b"")
    assert refusal("smolm.gguf") == (
        "There is no file or folder smolm.gguf. Did you mean smollm.gguf? octavo models lists those that are here."
    )


def test_a_path_without_a_folder_is_no_name_of_the_hub(home):
    assert refusal("models/a.gguf").startswith("There is no file or folder models/a.gguf.")


def test_control_characters_of_a_name_are_shown_by_number(home):
    assert "\\x1b[31m" in refusal("\x1b[31m.gguf")


def test_the_home_of_a_user_who_is_not_there_is_no_traceback(home):
    assert refusal("~nobody-of-that-name/a.gguf").startswith(
        "There is no file or folder ~nobody-of-that-name"
    )
