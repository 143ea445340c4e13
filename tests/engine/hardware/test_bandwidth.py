import json

from octavo.engine.folders import cache_folder
from octavo.engine.hardware.bandwidth import known_bandwidth, probe_bandwidth, read_bandwidth


def test_a_probe_finds_a_speed_that_memory_can_have():
    assert 1e8 < probe_bandwidth(2, 4 << 20, 0.01) < 1e13


def test_the_probe_runs_once_and_is_remembered(monkeypatch):
    answers = iter([21e9])
    monkeypatch.setattr("octavo.engine.hardware.bandwidth.probe_bandwidth", lambda n_threads: next(answers))

    assert known_bandwidth() == 0.0
    assert read_bandwidth() == 21e9
    assert read_bandwidth() == 21e9
    assert known_bandwidth() == 21e9


def test_another_machine_s_memo_or_a_damaged_one_is_not_believed():
    memo = cache_folder() / "bandwidth.json"

    for text in (json.dumps({"machine": "another", "bytes_per_second": 1e9}), "{", "[]", '{"machine": 3}'):
        memo.write_text(text)
        assert known_bandwidth() == 0.0
