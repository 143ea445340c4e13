import json
from dataclasses import replace

import pytest

from octavo.store.atomic import whole_file
from octavo.store.settings import MAX_RECENT, Settings, load_settings, save_settings


def test_what_was_saved_is_loaded(tmp_path):
    settings = Settings(theme="dark", temperature=0.0, enabled_plugins=("mine",)).with_model("/models/a.gguf")
    save_settings(settings, tmp_path)
    assert load_settings(tmp_path) == settings


def test_no_file_means_the_defaults(tmp_path):
    assert load_settings(tmp_path) == Settings()


def test_keys_of_other_versions_are_kept(tmp_path):
    (tmp_path / "settings.json").write_text('{"from_the_future": [1, 2], "theme": "light"}')
    save_settings(load_settings(tmp_path), tmp_path)
    assert json.loads((tmp_path / "settings.json").read_text())["from_the_future"] == [1, 2]


@pytest.mark.parametrize("broken", [b"{", b"[]", b"\xff\xfe\x00", b"[" * 100_000, b""])
def test_broken_file_is_set_aside_and_defaults_are_used(tmp_path, broken):
    (tmp_path / "settings.json").write_bytes(broken)
    assert load_settings(tmp_path) == Settings()
    assert (tmp_path / "settings.broken.json").read_bytes() == broken


@pytest.mark.parametrize(
    "bad", [{"theme": "pink"}, {"n_threads": "many"}, {"model_folders": [1]}, {"top_p": None}]
)
def test_value_of_the_wrong_type_counts_as_not_set(tmp_path, bad):
    (tmp_path / "settings.json").write_text(json.dumps(bad | {"kv_type": "q8_0"}))
    assert load_settings(tmp_path) == Settings(kv_type="q8_0")


def test_folder_that_cannot_be_read_means_the_defaults(tmp_path):
    (tmp_path / "file").write_text("")
    assert load_settings(tmp_path / "file") == Settings()


def test_models_opened_last_come_first_and_only_once():
    settings = Settings()
    for name in [*"abcdefghijklmnop", "c"]:
        settings = settings.with_model(name)
    assert settings.recent_models[:2] == ("c", "p")
    assert len(settings.recent_models) == len(set(settings.recent_models)) == MAX_RECENT


def test_file_that_fails_half_way_leaves_the_old_one_alone(tmp_path):
    def fail_half_way():
        with whole_file(target) as file:
            file.write(b"new")
            raise ValueError("half way")

    target = tmp_path / "file"
    target.write_bytes(b"old")
    with pytest.raises(ValueError, match="half way"):
        fail_half_way()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_file_that_cannot_be_written_is_told_by_its_own_name(tmp_path):
    def write():
        with whole_file(tmp_path / "none" / "file"):
            pass

    with pytest.raises(FileNotFoundError) as caught:
        write()
    assert caught.value.filename == str(tmp_path / "none" / "file")


def test_what_somebody_else_changed_meanwhile_stays(tmp_path):
    before = Settings(theme="dark")
    save_settings(before, tmp_path)
    save_settings(replace(before, enabled_plugins=("zeal",)), tmp_path)

    save_settings(replace(before, theme="light"), tmp_path, since=before)

    assert load_settings(tmp_path) == Settings(theme="light", enabled_plugins=("zeal",))


def test_a_path_that_is_no_text_is_kept(tmp_path):
    chosen = Settings().with_model("/models/half \udcff and ü.gguf")

    save_settings(chosen, tmp_path)

    assert load_settings(tmp_path) == chosen
    assert "ü" in (tmp_path / "settings.json").read_text(encoding="utf-8")
