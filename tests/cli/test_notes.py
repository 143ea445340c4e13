from types import SimpleNamespace

import pytest
from tests.cli.talking import REPORT
from tests.fixtures.cards import card

from octavo.cli.notes import note_answer, note_conversion
from octavo.engine.convert.report import ConvertReport
from octavo.engine.estimate.speeds import CacheSpeed, KindSpeed, Speeds, keep_speeds
from octavo.store.ledger import Ledger
from octavo.worker.protocol import Replied

KIND = KindSpeed(decode=1e-11, prefill=1e-12, packing=1e-9)
SPEEDS = Speeds(
    REPORT.n_threads,
    [(1 << 20, 2e10)],
    1e-6,
    1e-10,
    dict.fromkeys(("BF16", "F32"), KIND),
    {"f16": CacheSpeed(1e-11, 1e-11), "q8_0": CacheSpeed(1e-11, 1e-11)},
)


def noted(busy):
    """The kinds of entries that an answer of 20 tokens to a prompt of 200 leaves."""
    keep_speeds(SPEEDS)
    loaded = SimpleNamespace(checkpoint=SimpleNamespace(card=card()), report=REPORT)
    replied = Replied(
        id=1,
        text="",
        tokens=[1] * 20,
        prompt_tokens=200,
        reused_tokens=0,
        prefill_tokens_per_second=100.0,
        tokens_per_second=50.0,
        first_token_seconds=2.0,
        finish="stop",
        context_used=220,
        measured_rss_bytes=300_000_000,
        busy=busy,
    )
    note_answer(loaded, replied)
    kinds = ("memory_bytes", "load_seconds", "tokens_per_second", "prefill_tokens_per_second")
    with Ledger() as ledger:
        return [kind for kind in kinds if ledger.entries(kind)]


@pytest.mark.parametrize("busy", [0.0, 0.1])
def test_an_answer_in_quiet_is_noted_with_its_speeds(busy):
    assert noted(busy) == ["memory_bytes", "load_seconds", "tokens_per_second", "prefill_tokens_per_second"]


def test_the_speed_that_busy_programs_left_is_not_noted():
    assert noted(0.4) == ["memory_bytes", "load_seconds"]


@pytest.mark.parametrize(
    ("what", "is_noted"),
    [({}, True), ({"busy": 0.1}, True), ({"busy": 0.4}, False), ({"resumed_tensors": 7}, False)],
)
def test_the_time_of_a_conversion_is_noted_where_it_was_foretold(what, is_noted):
    report = ConvertReport("/o.gguf", 10, 10, 5.0, 290_000_000, "", verified=True, n_tensors=9, **what)

    note_conversion("Small", SimpleNamespace(memory_bytes=300_000_000, seconds=4.0), [report])

    with Ledger() as ledger:
        assert bool(ledger.entries("convert_seconds")) is is_noted
        assert len(ledger.entries("convert_bytes")) == len(ledger.entries("file_bytes")) == 1
