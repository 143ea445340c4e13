import subprocess
import sys

from octavo.store.instance import InstanceLock, calls_folder, leave_call, take_calls

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


def test_calls_are_told_once_in_their_order_and_what_is_none_is_dropped(tmp_path):
    leave_call(["/a.gguf"], tmp_path)
    leave_call(["/b.gguf", "/c.gguf"], tmp_path)
    for number, rubbish in enumerate(("{", "[1]", '"/d.gguf"')):
        (calls_folder(tmp_path) / f"{number}.json").write_text(rubbish)

    assert take_calls(tmp_path) == [["/a.gguf"], ["/b.gguf", "/c.gguf"]]
    assert take_calls(tmp_path) == []
