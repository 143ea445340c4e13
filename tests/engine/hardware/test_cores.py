import os

from octavo.engine.hardware.cores import processor_name, usable_threads


def test_threads_are_at_least_one_and_at_most_the_processors():
    assert 1 <= usable_threads() <= (os.cpu_count() or 1)


def test_a_container_s_quota_bounds_the_threads(monkeypatch):
    monkeypatch.setattr("octavo.engine.hardware.cgroup.cpu_quota", lambda: 1)

    assert usable_threads() == 1


def test_the_processor_s_name_is_read_without_its_blanks(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Some  Core(TM)   9000\n")

    assert processor_name(file) == "Some Core(TM) 9000"


def test_a_processor_without_a_name_still_has_one(tmp_path):
    assert processor_name(tmp_path / "missing")
