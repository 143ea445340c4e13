from octavo.engine.hardware.cgroup import cpu_quota, memory_limit


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text + "\n")


def membership(tmp_path, *lines):
    file = tmp_path / "membership"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_the_tightest_group_above_the_process_binds(tmp_path):
    write(tmp_path / "user" / "app", memory__max="max", memory__current="100")
    write(
        tmp_path / "user", memory__max="1000", memory__current="700", memory__stat="anon 5\ninactive_file 200"
    )

    assert memory_limit(tmp_path, membership(tmp_path, "0::/user/app")) == (1000, 500)


def test_a_version_1_limit_is_read(tmp_path):
    group = tmp_path / "memory" / "docker"
    write(group, memory__limit_in_bytes="5000", memory__usage_in_bytes="6000")

    assert memory_limit(tmp_path, membership(tmp_path, "4:memory:/docker")) == (5000, 0)


def test_a_file_that_was_read_twice_takes_no_memory_away(tmp_path):
    # The kernel holds its pages for active then.
    write(
        tmp_path / "two",
        memory__max="2000",
        memory__current="1900",
        memory__stat="inactive_file 400\nactive_file 1200",
    )
    write(
        tmp_path / "one" / "memory",
        memory__limit_in_bytes="2000",
        memory__usage_in_bytes="1900",
        memory__stat="active_file 3\ntotal_inactive_file 500\ntotal_active_file 1200",
    )

    assert memory_limit(tmp_path / "two", membership(tmp_path, "0::/")) == (2000, 1700)
    assert memory_limit(tmp_path / "one", membership(tmp_path, "4:memory:/")) == (2000, 1800)


def test_the_mark_above_which_the_kernel_slows_programs_is_a_limit(tmp_path):
    write(tmp_path, memory__max="max", memory__high="1500", memory__current="500")
    member = membership(tmp_path, "0::/")
    assert memory_limit(tmp_path, member) == (1500, 1000)

    write(tmp_path, memory__max="1200")
    assert memory_limit(tmp_path, member) == (1200, 700)


def test_a_container_that_sees_only_its_own_group_is_read_at_the_mount(tmp_path):
    write(tmp_path, memory__max="4096", memory__current="96")

    assert memory_limit(tmp_path, membership(tmp_path, "0::/not/visible/here")) == (4096, 4000)


def test_no_limit_is_none(tmp_path):
    write(tmp_path / "memory", memory__limit_in_bytes="9223372036854771712")

    assert memory_limit(tmp_path, membership(tmp_path, "4:memory:/", "0::/")) is None
    assert memory_limit(tmp_path / "missing", tmp_path / "missing") is None


def test_the_processor_quota_is_rounded_down_to_whole_processors(tmp_path):
    write(tmp_path, cpu__max="250000 100000")
    member = membership(tmp_path, "0::/")

    assert cpu_quota(tmp_path, member) == 2

    write(tmp_path, cpu__max="50000 100000")
    assert cpu_quota(tmp_path, member) == 1

    write(tmp_path, cpu__max="max 100000")
    assert cpu_quota(tmp_path, member) is None


def test_a_version_1_quota_is_read(tmp_path):
    write(tmp_path / "cpu", cpu__cfs_quota_us="300000", cpu__cfs_period_us="100000")

    assert cpu_quota(tmp_path, membership(tmp_path, "3:cpu,cpuacct:/")) == 3


def test_no_more_is_free_than_is_allowed(tmp_path):
    write(tmp_path, memory__max="1000", memory__current="100", memory__stat="inactive_file 400")

    assert memory_limit(tmp_path, membership(tmp_path, "0::/")) == (1000, 1000)


def test_a_group_outside_the_mount_is_not_looked_for(tmp_path):
    write(tmp_path, memory__max="10", memory__current="0")
    (tmp_path / "mount").mkdir()

    assert memory_limit(tmp_path / "mount", membership(tmp_path, "0::/..")) is None


def test_a_version_1_group_without_a_quota_has_none(tmp_path):
    write(tmp_path / "cpu", cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")

    assert cpu_quota(tmp_path, membership(tmp_path, "3:cpu,cpuacct:/")) is None
