import hashlib

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder

from octavo.store.ledger import Ledger


@pytest.fixture
def model(tmp_path):
    return write_tiny_gguf(tmp_path / "tiny-F32.gguf")


def test_convert_writes_exactly_what_it_predicted(octavo, model, tmp_path):
    found = octavo("convert", model, "--to", "q8_0", "-o", tmp_path / "small.gguf", "--json").json
    assert found["output"] == str(tmp_path / "small.gguf")
    assert found["file_bytes"] == found["predicted_bytes"] == (tmp_path / "small.gguf").stat().st_size
    assert found["verified"] is True
    assert len(found["sha256"]) == 64
    assert found["seconds"] > 0
    assert found["peak_rss_bytes"] > 0


def test_what_came_of_the_forecast_is_noted(octavo, model, tmp_path, monkeypatch):
    monkeypatch.setattr("octavo.cli.notes.LEAST_SECONDS", 0.0)
    monkeypatch.setattr("octavo.engine.hardware.bystanders.Bystanders.share", lambda self: 0.0)
    octavo("convert", model, "--to", "Q8_0", "-o", tmp_path / "small.gguf")

    with Ledger() as ledger:
        (size,) = ledger.entries("file_bytes")
        (memory,) = ledger.entries("convert_bytes")
        (seconds,) = ledger.entries("convert_seconds")
    assert size.predicted == size.measured == (tmp_path / "small.gguf").stat().st_size
    assert size.details == "Q8_0"
    assert min(memory.predicted, memory.measured, seconds.predicted, seconds.measured) > 0


def test_a_conversion_that_is_over_at_once_says_nothing_of_time(octavo, model, tmp_path, monkeypatch):
    monkeypatch.setattr("octavo.cli.notes.LEAST_SECONDS", 1000.0)
    octavo("convert", model, "--to", "Q8_0", "-o", tmp_path / "small.gguf")

    with Ledger() as ledger:
        assert ledger.entries("convert_seconds") == []


def test_new_file_is_named_after_the_model_and_the_quantizer(octavo, model, tmp_path):
    outcome = octavo("convert", model, "--to", "Q8_0")
    assert outcome.status == 0
    assert (tmp_path / "tiny-Q8_0.gguf").exists()
    assert "the same, to the byte" in outcome.out
    assert "\nChat with it   octavo chat " in outcome.out


def test_folder_gets_its_file_beside_it(octavo, tmp_path):
    write_tiny_hf_folder(tmp_path / "tiny-1.5")
    assert octavo("convert", tmp_path / "tiny-1.5", "--to", "Q8_0").status == 0
    assert (tmp_path / "tiny-1.5-Q8_0.gguf").exists()


def test_existing_file_is_replaced_only_when_told(octavo, model, tmp_path):
    target = tmp_path / "small.gguf"
    target.write_bytes(b"precious")
    outcome = octavo("convert", model, "--to", "Q8_0", "-o", target)
    assert (outcome.status, target.read_bytes()) == (1, b"precious")
    assert "--force" in outcome.err
    assert octavo("convert", model, "--to", "Q8_0", "-o", target, "--force").status == 0
    assert target.read_bytes()[:4] == b"GGUF"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--to", "Q9"], "no quantizer called 'Q9'"),
        (["--to", "Q8_0", "--set", "a=b"], "no option 'a'"),
        (["--to", "Q8_0", "-o", "/no/such/folder/x.gguf"], "no folder"),
        (["--to", "Q8_0", "--no-plugins"], "plugins are off"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(octavo, model, options, words):
    outcome = octavo("convert", model, *options)
    assert outcome.status == 1
    assert words in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize("n_letters", [250, 300])
def test_a_name_that_is_too_long_is_refused_with_a_next_step(octavo, model, tmp_path, n_letters):
    before = list(tmp_path.iterdir())
    outcome = octavo("convert", model, "--to", "Q8_0", "-o", tmp_path / ("x" * n_letters))
    assert outcome.status == 1
    assert "too long for the disk it is meant for. Choose a shorter one." in outcome.err
    assert list(tmp_path.iterdir()) == before


def test_several_quantizers_are_made_in_one_pass_into_a_folder(octavo, model, tmp_path):
    found = octavo("convert", model, "--to", "Q8_0,q4_k_m", "-o", tmp_path, "--no-proof", "--json").json

    assert [each["quantizer"] for each in found["outputs"]] == ["Q8_0", "Q4_K_M"]
    for each in found["outputs"]:
        path = tmp_path / f"tiny-{each['quantizer']}.gguf"
        assert each["output"] == str(path)
        assert each["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert each["proof"] is None
    assert found["forecast"]["file_bytes"] == [each["file_bytes"] for each in found["outputs"]]


def test_a_format_named_twice_is_made_once(octavo, model, tmp_path):
    found = octavo("convert", model, "--to", "Q8_0,q8_0", "-o", tmp_path / "one.gguf", "--no-proof", "--json")
    assert found.json["output"] == str(tmp_path / "one.gguf")


def test_several_files_need_a_folder(octavo, model, tmp_path):
    outcome = octavo("convert", model, "--to", "Q8_0,Q4_K_M", "-o", tmp_path / "none")
    assert outcome.status == 1
    assert "There is no folder" in outcome.err


def test_of_several_each_takes_the_options_that_it_has(octavo, model, tmp_path):
    options = ("--set", "compatible=true", "--set", "mode=quick", "--no-proof")
    assert octavo("convert", model, "--to", "Q4_K_M,F16", "-o", tmp_path, *options).status == 0
    outcome = octavo("convert", model, "--to", "Q4_K_M,F16", "-o", tmp_path, "--force", "--set", "colour=red")
    assert outcome.status == 1
    assert "no option 'colour'" in outcome.err


def test_what_it_will_take_is_told_before(octavo, model, tmp_path):
    outcome = octavo("convert", model, "--to", "Q8_0", "--no-proof")
    assert outcome.err.startswith("Needs ")
    assert " of disk (" in outcome.err
    assert " of memory (" in outcome.err

    target = tmp_path / "tiny-Q4_K_M.gguf"
    found = octavo("convert", model, "--to", "Q4_K_M", "--forecast", "--json").json
    assert not target.exists()
    written = octavo("convert", model, "--to", "Q4_K_M", "--no-proof", "--json").json
    assert found["forecast"]["file_bytes"] == [written["file_bytes"]]
    assert found["forecast"]["seconds"] > 0
    assert "Memory" in octavo("convert", model, "--to", "Q4_K_M", "--forecast").out


def test_model_and_copy_are_compared(octavo, tmp_path):
    found = octavo("convert", "demo", "--to", "Q8_0", "-o", tmp_path / "demo.gguf", "--json").json
    proof = found["proof"]
    assert proof["tensors"] == proof["source_tensors"] == found["n_tensors"]
    assert proof["template"] == "same"
    assert len(proof["tokens_source"]) == len(proof["tokens_result"]) == 20
    shown = octavo("convert", "demo", "--to", "Q8_0", "-o", tmp_path / "demo.gguf", "--force").out
    assert "the same prompt as the source's" in shown
    assert "Compared" in shown


def test_a_folder_is_told_and_refused_under_its_own_name(octavo, tmp_path):
    write_tiny_hf_folder(tmp_path / "tiny", dtype="F16")
    found = octavo("convert", tmp_path / "tiny", "--to", "AWQ", "--forecast", "--json").json
    assert found["outputs"] == [str(tmp_path / "tiny-AWQ")]
    write_tiny_hf_folder(tmp_path / "tiny-AWQ", dtype="F16")

    refused = octavo("convert", tmp_path / "tiny", "--to", "AWQ")
    assert (refused.status, "--force" in refused.err) == (1, True)
    inside = octavo("convert", tmp_path / "tiny", "--to", "AWQ", "-o", tmp_path / "tiny", "--force")
    assert inside.status == 1
    assert "Needs " not in inside.err
    assert "is the model that is being converted" in inside.err


def test_damaged_weights_are_set_to_0_on_demand(octavo, model, tmp_path):
    raw = bytearray(model.read_bytes())
    raw[-4:] = b"\xff\xff\xff\xff"
    model.write_bytes(raw)
    line = ("convert", model, "--to", "Q8_0", "-o", tmp_path / "small.gguf", "--no-proof")

    refused = octavo(*line)
    assert refused.status == 1
    assert "--allow-damaged" in refused.err
    assert "Damaged: a weight of" in octavo(*line, "--allow-damaged").out
