import subprocess
import sys

from octavo.store.instance import InstanceLock

HOLDER = """
import sys
from pathlib import Path
from octavo.store.instance import InstanceLock
lock = InstanceLock(Path(sys.argv[1]))
print(lock.acquire(), flush=True)
sys.stdin.read()
"""


def test_second_window_of_a_folder_is_told_so(tmp_path):
    first, second = InstanceLock(tmp_path), InstanceLock(tmp_path)
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_killed_window_leaves_no_lock_behind(tmp_path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"True\n"
        lock = InstanceLock(tmp_path)
        assert not lock.acquire()
        holder.kill()
    assert lock.acquire()
    lock.release()
