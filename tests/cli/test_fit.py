import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.estimate.speeds import CacheSpeed, KindSpeed, Speeds
from octavo.store.ledger import Ledger, LedgerEntry


@pytest.fixture
def model(tmp_path):
    return write_tiny_gguf(tmp_path / "tiny.gguf")


FAST = KindSpeed(decode=1 / 50e9, prefill=1 / 400e9, packing=1 / 2e9)


@pytest.fixture(autouse=True)
def probes(monkeypatch):
    """Probing takes seconds; what each was asked for."""
    asked = []

    def probe(kinds, n_threads, *, again, compiles):
        asked.append((again, compiles))
        yield from ()
        known = dict.fromkeys([*kinds, "F32"], FAST)
        return Speeds(n_threads, [(1, 3e10)], 4e-6, 1e-10, known, {"f16": CacheSpeed(1e-11, 1e-11)})

    monkeypatch.setattr("octavo.engine.inference.speed_probe.read_speeds", probe)
    return asked


def test_fit_prices_the_model_and_every_quantizer(octavo, model):
    found = octavo("fit", model, "--json").json
    assert found["rows"][0]["quantizer"] == "as it is"
    assert {"Q4_K_M", "Q6_K", "Q8_0", "F16"} < {row["quantizer"] for row in found["rows"]}
    assert found["machine"]["memory_pools"][0]["kind"] == "ram"
    for row in found["rows"]:
        parts = ("weights_bytes", "kv_bytes", "working_bytes", "program_bytes")
        assert row["total_bytes"] == sum(row[part] for part in parts)
        assert row["tokens_per_second"] > 0
        assert row["verdict"] in ("runs well", "tight", "too large")
    assert found["rows"][0]["file_bytes"] == model.stat().st_size


def test_longer_context_needs_more_and_q8_0_needs_less(octavo, model):
    def kv_bytes(*options):
        return octavo("fit", model, "--json", *options).json["rows"][0]["kv_bytes"]

    assert kv_bytes("--context", 200) > kv_bytes("--context", 100) > 0
    assert kv_bytes("--context", 200, "--kv", "q8_0") < kv_bytes("--context", 200)


def test_safe_mode_prices_the_model_alone(octavo, model):
    rows = octavo("fit", model, "--json", "--no-plugins").json["rows"]
    assert [row["quantizer"] for row in rows] == ["as it is"]


def test_fit_reads_well(octavo, model):
    outcome = octavo("fit", model, "--context", 1000)
    assert outcome.status == 0
    assert "1,000 tokens in f16" in outcome.out
    assert "as it is" in outcome.out
    assert outcome.err == "The model was made for 256 tokens.\n"


def test_speed_is_told_at_the_depth_that_was_asked_for(octavo, model):
    def speeds(*options):
        row = octavo("fit", model, "--json", *options).json["rows"][0]
        return row["tokens_per_second"], row["prefill_tokens_per_second"]

    assert speeds("--depth", 200) < speeds()
    assert "ANSWERS AT 200" in octavo("fit", model, "--depth", 200).out


def test_the_time_to_the_first_word_is_told_for_a_prompt(octavo, model):
    def first_word(*options):
        return octavo("fit", model, "--json", *options).json["rows"][0]["first_word_seconds"]

    assert first_word() is None
    assert 0 < first_word("--prompt", 100) < first_word("--prompt", 200)
    assert "FIRST WORD" in octavo("fit", model, "--prompt", 100).out
    assert "FIRST WORD" not in octavo("fit", model).out


def test_the_probe_runs_anew_on_demand_only(octavo, model, probes):
    octavo("fit", model)
    octavo("fit", model, "--probe")

    assert probes == [(False, False), (True, True)]


def test_figures_of_a_busy_computer_are_said_to_be_too_low(octavo, model, monkeypatch):
    def probe(kinds, n_threads, *, again, compiles):
        yield from ()
        return Speeds(n_threads, [(1, 3e10)], 4e-6, 1e-10, {}, {}, busy=0.6)

    monkeypatch.setattr("octavo.engine.inference.speed_probe.read_speeds", probe)

    assert "used 60% of the processor" in octavo("fit", model).err
    assert octavo("fit", model, "--json").json["machine"]["busy_while_timed"] == 0.6


def test_imagined_memory_is_said_to_be_simulated(octavo, model):
    outcome = octavo("fit", model, "--ram", "1MB", "--vram", "24GB")
    assert outcome.err.startswith("SIMULATED")
    assert "too large" in outcome.out
    assert (
        "Graphics card, layers that fit in other programs (llama.cpp, vLLM): as it is 3 of 3" in outcome.out
    )

    found = octavo("fit", model, "--json", "--ram", "64GiB").json["machine"]
    assert found["simulated"] is True
    assert found["memory_pools"][0]["total_bytes"] == 64 << 30
    assert found["memory_pools"][0]["free_bytes"] == (64 << 30) - found["held_by_others_bytes"]


@pytest.mark.parametrize("size", ["much", "-3GB", "1e9", "GB"])
def test_a_size_that_is_none_is_a_wrong_usage(octavo, model, size):
    assert octavo("fit", model, f"--ram={size}").status == 2


def test_estimates_tell_how_good_they_have_been(octavo, model):
    assert octavo("fit", model, "--json").json["bands"] == {}
    with Ledger() as ledger:
        for measured in (96.0, 100.0, 103.0):
            ledger.record(LedgerEntry("memory_bytes", "demo", 100.0, measured))

    outcome = octavo("fit", model)

    assert "nine in ten were this close to the estimate: memory 4 % (3 times)" in outcome.out
    assert octavo("fit", model, "--json").json["bands"]["memory_bytes"]["median"] == 1.0


def test_what_other_programs_hold_and_what_converting_takes_is_told(octavo, model):
    outcome = octavo("fit", model)
    assert "other programs hold" in outcome.out
    assert "of memory at most" in outcome.out
    assert octavo("fit", model, "--json").json["convert_bytes"] > 0


@pytest.mark.parametrize("size", ["0", "0GB", "much"])
def test_a_simulated_memory_needs_a_size(octavo, size):
    outcome = octavo("fit", "demo", "--ram", size)

    assert outcome.status == 2
    assert "no size of memory" in outcome.err
