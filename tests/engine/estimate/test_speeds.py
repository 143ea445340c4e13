import json
from dataclasses import replace

import pytest

from octavo.engine.estimate.speeds import CacheSpeed, KindSpeed, Speeds, keep_speeds, known_speeds, scaled
from octavo.engine.folders import cache_folder

SPEEDS = Speeds(
    2,
    [(1, 2.0)],
    3e-6,
    4e-10,
    {"Q8_0": KindSpeed(1.0, 2.0, 3.0)},
    {"f16": CacheSpeed(4.0, 5.0)},
    fresh_memory=6e-9,
    interpreter=0.07,
    busy=0.08,
)


def test_what_was_probed_is_remembered_for_that_many_threads():
    assert known_speeds(2) is None
    keep_speeds(SPEEDS)

    assert known_speeds(2) == SPEEDS
    assert known_speeds(1) is None


def test_a_probe_with_other_threads_does_not_push_out_the_first():
    other = scaled(SPEEDS, 1)
    keep_speeds(SPEEDS)
    keep_speeds(other)

    assert (known_speeds(1), known_speeds(2)) == (other, SPEEDS)


def test_half_the_threads_take_twice_as_long_and_twice_the_threads_half():
    assert scaled(SPEEDS, 1).kinds["Q8_0"] == KindSpeed(2.0, 4.0, 3.0)
    assert scaled(SPEEDS, 4).kinds["Q8_0"] == KindSpeed(0.5, 1.0, 3.0)
    assert scaled(SPEEDS, 1).bandwidth == [(1, 1.0)]
    assert scaled(SPEEDS, 4).bandwidth == SPEEDS.bandwidth
    assert scaled(SPEEDS, 2) == SPEEDS


@pytest.mark.parametrize("text", ["", "{", "[]", '{"machine": 3}', '{"machine": "another", "speeds": {}}'])
def test_a_damaged_memo_or_another_machine_s_is_not_believed(text):
    (cache_folder() / "speeds-4.json").write_text(text)

    assert known_speeds(2) is None


def test_a_memo_with_other_fields_is_not_believed():
    keep_speeds(SPEEDS)
    memo = cache_folder() / "speeds-4.json"
    found = json.loads(memo.read_text())
    found["speeds"]["2"]["kinds"]["Q8_0"] = {"decode": 1.0, "strange": 2.0}
    memo.write_text(json.dumps(found))

    assert known_speeds(2) is None


@pytest.mark.parametrize(("busy", "is_too_slow"), [(0.1, False), (0.3, True)])
def test_what_was_timed_beside_busy_programs_is_known_to_be_too_slow(busy, is_too_slow):
    assert replace(SPEEDS, busy=busy).is_too_slow == is_too_slow
