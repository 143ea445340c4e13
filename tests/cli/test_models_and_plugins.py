import json

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.store.settings import load_settings


def test_plugins_lists_those_that_came_with_octavo(octavo):
    found = {each["name"]: each for each in octavo("plugins", "--json").json["plugins"]}
    assert found["q8_0"]["enabled"] is True
    assert found["q4_k_m"]["error"] == ""
    assert found["q4_k_m"]["version"]


def test_safe_mode_switches_all_plugins_off(octavo):
    found = octavo("plugins", "--json", "--no-plugins").json["plugins"]
    assert [each["enabled"] for each in found] == [False] * len(found)


@pytest.mark.parametrize(("said", "is_on"), [("1", False), ("0", True)])
def test_the_environment_can_switch_all_plugins_off(octavo, monkeypatch, said, is_on):
    monkeypatch.setenv("OCTAVO_NO_PLUGINS", said)
    found = octavo("plugins", "--json").json["plugins"]
    assert {each["enabled"] for each in found} == {is_on}


def test_models_lists_good_and_bad_side_by_side(octavo, tmp_path, home):
    write_tiny_gguf(tmp_path / "good.gguf")
    (tmp_path / "bad.gguf").write_bytes(b"GGUF but no more")
    (home / "config").mkdir()
    (home / "config" / "settings.json").write_text(json.dumps({"model_folders": [str(tmp_path)]}))
    found = {each["name"]: each for each in octavo("models", "--json").json["models"]}
    assert found["good"]["architecture"] == "llama"
    assert found["good"]["type"]
    assert found["good"]["bytes"] == (tmp_path / "good.gguf").stat().st_size
    assert found["bad"]["problem"]
    assert found["Octavo demo"]["source"] == "Octavo"


def test_models_reads_well(octavo):
    outcome = octavo("models")
    assert outcome.status == 0
    assert outcome.out.startswith("NAME")


def test_a_formats_options_are_told_with_their_meaning(octavo):
    found = octavo("plugins", "q4_k_m").out
    assert found.startswith("Q4_K_M: ")
    assert "--set mode=... (" in found
    assert "llama-quantize" in found

    described = octavo("plugins", "AWQ", "--json").json
    assert described["name"] == "AWQ"
    output = next(each for each in described["options"] if each["name"] == "output")
    assert (output["default"], "gguf" in output["takes"]) == ("folder", True)
    assert octavo("plugins", "nothing").status == 1


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """A plugin that did not come with Octavo, installed as pip does it; it must not be imported here."""
    info = tmp_path / "site" / "odd-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[octavo]\nodd = octavo_odd\n")
    (tmp_path / "site" / "octavo_odd.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))


def test_a_strangers_plugin_is_switched_on_and_off_without_being_imported(octavo, stranger):
    octavo("plugins", "--enable", "odd", "--no-plugins")
    octavo("plugins", "--enable", "odd", "--no-plugins")
    assert load_settings().enabled_plugins == ("odd",)

    octavo("plugins", "--disable", "odd")
    assert load_settings().enabled_plugins == ()


def test_what_adds_no_format_because_it_is_off_is_named(octavo, stranger):
    assert "odd (octavo plugins --enable NAME)" in octavo("plugins", "ODD").err


@pytest.mark.parametrize(
    ("name", "words"), [("nothing", "No plugin 'nothing' is installed"), ("q8_0", "came with Octavo")]
)
def test_other_plugins_are_not_switched(octavo, name, words):
    outcome = octavo("plugins", "--disable", name)

    assert (outcome.status, words in outcome.err) == (1, True)
