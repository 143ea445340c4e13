import os

from octavo.engine.hardware.cores import physical_cores, processor_name, usable_threads


def test_threads_are_at_least_one_and_at_most_the_processors():
    assert 1 <= usable_threads() <= (os.cpu_count() or 1)


def test_a_container_s_quota_bounds_the_threads(monkeypatch):
    monkeypatch.setattr("octavo.engine.hardware.cgroup.cpu_quota", lambda: 1)

    assert usable_threads() == 1


def test_a_quota_of_more_than_there_is_gives_no_more(monkeypatch):
    monkeypatch.setattr("octavo.engine.hardware.cgroup.cpu_quota", lambda: 1 << 20)

    assert usable_threads() <= (os.cpu_count() or 1)


def test_the_processor_s_name_is_read_without_its_blanks(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Some  Core(TM)   9000\n")

    assert processor_name(file) == "Some Core(TM) 9000"


def test_a_processor_without_a_name_still_has_one(tmp_path):
    assert processor_name(tmp_path / "missing")


def test_two_threads_of_one_core_count_once(tmp_path):
    for cpu, siblings in ((0, "0,4"), (4, "0,4"), (1, "1,5")):
        topology = tmp_path / f"cpu{cpu}" / "topology"
        topology.mkdir(parents=True)
        (topology / "thread_siblings_list").write_text(siblings + "\n")

    assert physical_cores([0, 4, 1], tmp_path) == 2
    assert physical_cores([0, 4], tmp_path) == 1


def test_processors_that_the_system_does_not_describe_count_each(tmp_path):
    assert physical_cores([0, 1, 2], tmp_path) == 3
