from octavo.engine.hardware.caches import last_level_cache_bytes

MB = 1 << 20


def write_cache(root, cpu, index, level, kind, size, shared):
    folder = root / f"cpu{cpu}" / "cache" / f"index{index}"
    folder.mkdir(parents=True)
    for name, value in {"level": level, "type": kind, "size": size, "shared_cpu_list": shared}.items():
        (folder / name).write_text(f"{value}\n")


def test_the_caches_of_the_last_level_add_up_once_each(tmp_path, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1, 2}, raising=False)
    for cpu, shared in ((0, "0-1"), (1, "0-1"), (2, "2-3"), (3, "2-3")):
        write_cache(tmp_path, cpu, 0, 1, "Data", "32K", cpu)
        write_cache(tmp_path, cpu, 1, 1, "Instruction", "64K", cpu)
        write_cache(tmp_path, cpu, 3, 3, "Unified", "16M", shared)

    assert last_level_cache_bytes(tmp_path) == 32 * MB


def test_a_system_that_does_not_tell_gets_a_usual_size(tmp_path, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0}, raising=False)
    assert last_level_cache_bytes(tmp_path) == 64 * MB
    write_cache(tmp_path, 0, 0, 3, "Unified", "lots", "0")
    assert last_level_cache_bytes(tmp_path) == 64 * MB


def test_what_holds_instructions_alone_does_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0}, raising=False)
    write_cache(tmp_path, 0, 0, 1, "Data", "32K", "0")
    write_cache(tmp_path, 0, 1, 1, "Instruction", "64K", "0")

    assert last_level_cache_bytes(tmp_path) == 32 << 10
