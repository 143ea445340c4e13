import dataclasses

import pytest

from octavo.engine.estimate.speed import speed_forecast
from octavo.engine.estimate.speeds import CacheSpeed, KindSpeed, Speeds
from octavo.gui.conversion import Converted
from octavo.gui.job import Job
from octavo.store.database import NotSaved
from octavo.store.ledger import Ledger
from octavo.worker.protocol import Convert, Forecasted

KIND = KindSpeed(decode=1e-11, prefill=1e-12, packing=1e-9)
SPEEDS = Speeds(
    2, [(1 << 20, 2e10)], 1e-6, 1e-10, dict.fromkeys(("BF16", "F32"), KIND), {"f16": CacheSpeed(1e-11, 1e-11)}
)


@pytest.fixture
def answered(joined, qtbot):
    """Have a question answered."""

    def ask(question):
        with qtbot.waitSignal(joined.desk.loaded):
            joined.chat.panel.chat_with("/models/small.gguf")
        with qtbot.waitSignal(joined.desk.answered):
            joined.chat.panel.turns.ask(question)

    return ask


def entries(*kinds):
    with Ledger() as ledger:
        return [entry for kind in kinds for entry in ledger.entries(kind)]


def test_the_memory_of_a_load_and_of_a_reply_stand_beside_their_predictions(answered):
    answered("word " * 20)

    (reply,) = entries("memory_bytes")
    (load,) = entries("loading_bytes")
    assert (reply.model, reply.predicted, reply.measured) == ("Small", 250_000_000, 300_000_000)
    assert "4096 tokens" in reply.details
    assert load.measured == 260_000_000
    assert load.predicted > 105_000_000


def test_an_answer_is_shown_where_no_note_of_it_can_be_written(joined, answered, monkeypatch):
    def refuse(entry):
        raise NotSaved("full")

    monkeypatch.setattr(joined._records._ledger, "record", refuse)

    answered("word " * 20)

    assert entries("memory_bytes") == []


def test_no_speed_is_noted_before_one_was_predicted(answered):
    answered("word " * 20)

    assert entries("tokens_per_second", "load_seconds", "prefill_tokens_per_second") == []


def test_a_guess_from_other_kinds_of_weights_is_no_prediction(joined, answered):
    joined.workspace.keep_speeds(dataclasses.replace(SPEEDS, kinds={"F32": KIND}))

    answered("word " * 20)

    assert entries("tokens_per_second", "load_seconds") == []


def test_the_speed_of_a_reply_stands_beside_what_was_expected_in_its_midst(joined, answered):
    joined.workspace.keep_speeds(SPEEDS)

    answered("word " * 20)

    card = joined.workspace.model("/models/small.gguf").card
    (speed,) = entries("tokens_per_second")
    (load,) = entries("load_seconds")
    # 10 tokens of prompt, 21 words.
    assert (speed.predicted, speed.measured) == (speed_forecast(card, None, SPEEDS, depth=20).decode, 12.5)
    loading = speed_forecast(card, None, SPEEDS, context_tokens=joined._records._desk.report.context_tokens)
    assert (load.predicted, load.measured) == (loading.load_seconds, 0.1)


def test_a_short_answer_says_nothing_of_speed(joined, answered):
    joined.workspace.keep_speeds(SPEEDS)

    answered("short")

    assert entries("tokens_per_second") == []


def test_an_answer_beside_busy_programs_says_nothing_of_speed(joined, answered):
    joined.workspace.keep_speeds(SPEEDS)

    answered("beside " * 20)

    assert len(entries("memory_bytes")) == 1
    assert entries("tokens_per_second") == []


def test_no_speed_is_noted_where_the_computer_was_timed_beside_busy_programs(joined, answered):
    joined.workspace.keep_speeds(dataclasses.replace(SPEEDS, busy=0.5))

    answered("word " * 20)

    assert entries("tokens_per_second", "load_seconds") == []


def test_what_is_noted_counts_at_once(joined, answered):
    joined.workspace.keep_speeds(SPEEDS)
    for _ in range(3):
        joined._records._note("load_seconds", "/models/small.gguf", 1.0, 1.1)

    assert joined._records.bands["load_seconds"].n_entries == 3


@pytest.mark.parametrize(
    ("seconds", "busy", "n_noted"), [(5.0, 0.0, 1), (5.0, 0.1, 1), (0.1, 0.0, 0), (5.0, 0.4, 0)]
)
def test_the_time_of_a_conversion_counts_if_it_took_some_of_its_own(joined, seconds, busy, n_noted):
    job = Job(Convert(path="/models/small.gguf", copies=[]), "Small")
    forecast = Forecasted(seconds=4.0, calibration_seconds=0.0, memory_bytes=300_000_000)

    done = Converted(output="/o.gguf", file_bytes=1, seconds=seconds, peak_rss_bytes=290_000_000, busy=busy)

    joined._records.note_effort(job, forecast, done)

    assert [(each.predicted, each.measured) for each in entries("convert_seconds")] == [(4.0, 5.0)] * n_noted
    assert len(entries("convert_bytes")) == 1


@pytest.mark.parametrize(
    ("layer_seconds", "n_words", "n_doubts"), [(1.0, 70, 1), (1.0, 20, 0), (1e-6, 70, 0)]
)
def test_an_answer_far_quicker_than_foretold_casts_doubt_on_the_probe(
    joined, answered, layer_seconds, n_words, n_doubts
):
    doubts = []
    joined._records.outpaced.connect(doubts.append)
    joined.workspace.keep_speeds(dataclasses.replace(SPEEDS, layer=layer_seconds))

    answered("word " * n_words)

    assert doubts == [joined.desk.report.n_threads] * n_doubts
