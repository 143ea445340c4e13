import json
from dataclasses import replace

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.estimate.speeds import CacheSpeed, KindSpeed, Speeds, keep_speeds, known_speeds
from octavo.engine.hardware.cores import usable_threads
from octavo.engine.inference import speed_probe
from octavo.store.ledger import Ledger, LedgerEntry


@pytest.fixture
def model(tmp_path):
    return write_tiny_gguf(tmp_path / "tiny.gguf")


FAST = KindSpeed(decode=1 / 50e9, prefill=1 / 400e9, packing=1 / 2e9)


@pytest.fixture(autouse=True)
def probes(monkeypatch):
    """Probing takes seconds, and compiling more; what was compiled and timed, and anew or not."""
    asked = []

    def probe(kinds, n_threads, *, again, compiles):
        asked.append((tuple(kinds), again, compiles))
        yield from ()
        timed = [each for each in kinds if compiles or each == "Q8_0"]
        known = {} if again or known_speeds(n_threads) is None else known_speeds(n_threads).kinds
        known = known | dict.fromkeys(timed, FAST)
        speeds = Speeds(n_threads, [(1, 3e10)], 4e-6, 1e-10, known, {"f16": CacheSpeed(1e-11, 1e-11)})
        keep_speeds(speeds)
        return speeds

    monkeypatch.setattr(speed_probe, "read_speeds", probe)
    monkeypatch.setattr(speed_probe, "is_compiled", lambda kind: kind == "Q8_0")
    monkeypatch.setattr(speed_probe, "kernels_to_compile", lambda kinds: 3 * len(kinds))
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
    assert outcome.err.splitlines()[-1] == "The model was made for 256 tokens."


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


def test_the_first_call_times_the_computer_and_says_so(octavo, model, probes):
    outcome = octavo("fit", model)

    assert [(compiles, again) for _, again, compiles in probes] == [(True, False), (False, False)]
    own, formats = probes[0][0], probes[1][0]
    assert set(own) < set(formats)
    assert f"Compiling {3 * len(own)} kernels for this processor, once: about " in outcome.err
    assert "Timing this computer once, about 3 s: its memory and " in outcome.err


def test_the_next_call_compiles_nothing_and_announces_nothing(octavo, model, probes):
    octavo("fit", model)
    probes.clear()

    outcome = octavo("fit", model)

    assert [compiles for _, _, compiles in probes] == [False]
    assert "Timing" not in outcome.err
    assert "Compiling" not in outcome.err


def test_a_probe_on_demand_times_all_formats_anew(octavo, model, probes):
    octavo("fit", model)
    probes.clear()

    outcome = octavo("fit", model, "--probe")

    assert (probes[0][1], probes[0][2]) == (True, True)
    assert {"Q4_K", "Q6_K", "Q8_0"} <= set(probes[0][0])
    assert "~" not in outcome.out


def test_without_a_probe_speeds_are_left_out_and_that_is_said(octavo, model, probes):
    outcome = octavo("fit", model, "--no-probe")

    assert probes == []
    assert outcome.err.startswith("Speeds are left out")
    assert "tokens/s" not in outcome.out
    found = octavo("fit", model, "--no-probe", "--json").json
    assert found["rows"][0]["tokens_per_second"] is None
    assert found["machine"]["bandwidth_bytes_per_second"] is None
    assert found["machine"]["probe"]["timed_before"] == []


def test_without_a_probe_what_was_timed_before_is_told(octavo, model, probes):
    octavo("fit", model)
    probes.clear()

    outcome = octavo("fit", model, "--no-probe")

    assert probes == []
    assert "tokens/s" in outcome.out


def test_speeds_with_kinds_that_were_not_timed_are_marked_as_guesses(octavo, model):
    outcome = octavo("fit", model)

    by_format = {line.split()[0]: line for line in outcome.out.splitlines() if "tokens/s" in line}
    assert "~" in by_format["Q4_K_M"]
    assert "~" not in by_format["Q8_0"]
    assert "~ is a guess: the kernels of " in outcome.err
    assert "Q4_K" in outcome.err


def test_json_says_what_was_timed_now_and_what_before(octavo, model):
    first = octavo("fit", model, "--json").json["machine"]["probe"]
    second = octavo("fit", model, "--json").json["machine"]["probe"]

    assert "Q8_0" in first["timed_now"]
    assert second["timed_now"] == []
    assert second["timed_before"] == first["timed_now"]
    assert "Q4_K" in second["not_timed"]


def test_figures_of_a_busy_computer_are_said_to_be_too_low(octavo, model):
    octavo("fit", model)
    keep_speeds(replace(known_speeds(usable_threads()), busy=0.6))

    assert "used 60% of the processor" in octavo("fit", model, "--no-probe").err
    assert octavo("fit", model, "--no-probe", "--json").json["machine"]["busy_while_timed"] == 0.6


def test_a_driver_that_does_not_answer_costs_the_graphics_cards_alone(octavo, model, monkeypatch):
    monkeypatch.setattr("octavo.engine.hardware.memory.wait_for_graphics", lambda seconds: False)

    outcome = octavo("fit", model, "--no-probe")

    assert outcome.status == 0
    assert "Waiting for the driver of the graphics cards" in outcome.err
    assert "Graphics cards are left out: their driver did not answer within 10 s." in outcome.err
    assert "runs well" in outcome.out


def test_forms_of_which_a_part_fits_a_graphics_card_are_told_apart(octavo, model):
    rows = json.loads(octavo("fit", model, "--vram", "24GB", "--json", "--no-probe").out)["rows"]
    needs = {row["quantizer"]: row["graphics"][0]["total_bytes"] for row in rows}
    between = (needs["Q8_0"] + needs["F16"]) // 2 + (1 << 30)

    told = octavo("fit", model, "--vram", f"{between / 1e6:.3f}MB", "--no-probe").out

    assert "F16 2 of 3" in told
    (whole,) = [line for line in told.splitlines() if "; all of " in line]
    assert "Q8_0" in whole.partition("; all of ")[2]


def test_several_imagined_cards_are_counted_together(octavo, model):
    told = octavo("fit", model, "--vram", "2x1.4GB", "--vram", "4GB", "--no-probe").out

    assert "Graphics card 1 and Graphics card 2, each, layers that llama.cpp puts there: none of 3" in told
    assert "Graphics card 3, layers that llama.cpp puts there: all 3 of every form" in told
    assert "3 cards together, layers that llama.cpp puts there: all 3 of every form" in told
    assert "(-ngl 3 -ts 0,0,3)" in told
    found = octavo("fit", model, "--vram", "1.4GB,4GB", "--json", "--no-probe").json
    assert [each["pool"] for each in found["rows"][0]["graphics"]] == [
        "Graphics card 1",
        "Graphics card 2",
        "2 cards together",
    ]
    assert found["rows"][0]["graphics"][-1]["layers_per_card"] == [0, 3]


@pytest.mark.parametrize("cards", ["x24GB", "0x24GB", "2x", "24GB,", "-1x24GB", "65x24GB"])
def test_cards_that_cannot_be_are_refused(octavo, model, cards):
    assert octavo("fit", model, "--vram", cards).status == 2


def test_imagined_memory_is_said_to_be_simulated(octavo, model):
    outcome = octavo("fit", model, "--ram", "1MB", "--vram", "24GB")
    assert "SIMULATED" in outcome.err
    assert "too large" in outcome.out
    assert "Graphics card, layers that llama.cpp puts there: all 3 of every form." in outcome.out
    assert "There would be room on Graphics card for every form." in outcome.out

    found = octavo("fit", model, "--json", "--ram", "64GiB").json["machine"]
    assert found["simulated"] is True
    assert found["memory_pools"][0]["total_bytes"] == 64 << 30
    own = found["memory_pools"][0]["own_bytes"]
    assert 10_000_000 < own < 2_000_000_000
    assert found["memory_pools"][0]["free_bytes"] == (64 << 30) - found["held_by_others_bytes"] - own


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


def test_rows_that_share_a_way_out_share_a_sentence(octavo, model):
    lines = octavo("fit", model, "--ram", "1K", "--no-probe").out.splitlines()

    told = [line for line in lines if "more than this computer has" in line.lower()]
    assert len(told) == 1
    assert told[0].startswith("as it is, AWQ, BF16, ")
    assert told[0].endswith(": More than this computer has. Choose a smaller model.")
