import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from tests.fixtures.engine_client import EngineClient, EngineStopped
from tests.worker.conftest import CHILD

from octavo.worker import process
from octavo.worker.protocol import Progressed, Unload

WORKING = "def work():\n    while True: yield Progress(1, 1)\nreturn self._run(request, work(), 'load', stop)"


@pytest.mark.parametrize(
    ("number", "n_events"),
    [
        (signal.SIGKILL, 0),
        (signal.SIGKILL, 1),
        (signal.SIGKILL, 50),
        (signal.SIGSEGV, 1),
        (signal.SIGABRT, 1),
    ],
)
def test_killed_child_is_told_in_a_sentence_and_can_be_started_again(child_that, number, n_events):
    client = child_that(WORKING)
    client.start()
    events = client.events(client.send(Unload()))
    for _ in range(n_events):
        assert isinstance(next(events), Progressed)
    os.kill(client.pid, number)
    with pytest.raises(EngineStopped, match=rf"The engine stopped unexpectedly \(signal {int(number)}\)\."):
        list(events)
    assert isinstance(next(client.events(client.send(Unload()))), Progressed)


def test_child_that_ends_by_itself_is_told_too(child_that):
    with pytest.raises(EngineStopped, match="status 3"):
        child_that("os._exit(3)").ask(Unload())


def test_child_of_another_version_is_refused():
    code = (
        "import os\n"
        "from octavo.worker.protocol import Hello, frame\n"
        "os.write(1, frame(Hello(protocol=99, version='9', tier='', n_threads=1)))"
    )
    with (
        EngineClient([sys.executable, "-c", code]) as client,
        pytest.raises(EngineStopped, match="another version"),
    ):
        client.start()


def test_child_in_the_background_leaves_the_processors_to_others(child_that):
    niceness = "return os.nice(0)"
    first, last = child_that(niceness), child_that(niceness, "--background")
    assert last.ask(Unload()) == min(19, first.ask(Unload()) + process._BACKGROUND_NICENESS)


def test_child_leaves_no_core_dump_and_goes_first_when_memory_runs_out(child_that):
    client = child_that(
        "import resource\n"
        "score = open('/proc/self/oom_score_adj').read()\n"
        "return [resource.getrlimit(resource.RLIMIT_CORE)[1], int(score), os.environ['OMP_WAIT_POLICY']]"
    )
    assert client.ask(Unload()) == [0, 1000, "PASSIVE"]


FRONT_END = """
import sys, time
from tests.fixtures.engine_client import EngineClient
from octavo.worker.protocol import Convert, Copy, Progressed, Unload
client = EngineClient([sys.executable, "-c", sys.argv[1]])
request = Convert(path="m", copies=[Copy(quantizer="Q8_0", output="o")]) if sys.argv[2] == "Convert" else Unload()
for event in client.events(client.send(request)):
    if isinstance(event, Progressed):
        print(client.pid, flush=True)
        time.sleep(60)
"""


@pytest.mark.parametrize(("request_name", "is_left"), [("Convert", True), ("Unload", False)])
def test_killed_front_end_leaves_a_conversion_to_be_gone_on_with(tmp_path, request_name, is_left):
    partial = tmp_path / "partial"
    body = CHILD.format(
        body=f"""
    def work():
        open({str(partial)!r}, 'w').close()
        try:
            while True: yield Progress(1, 2); time.sleep(0.001)
        finally: os.unlink({str(partial)!r})
    return self._run(request, work(), 'convert', stop)"""
    )
    command = [sys.executable, "-c", FRONT_END, body, request_name]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as front_end:
        assert front_end.stdout is not None
        child = int(front_end.stdout.readline())
        front_end.kill()
    ends = time.monotonic() + 60
    while psutil.pid_exists(child) and psutil.Process(child).status() != "zombie":
        assert time.monotonic() < ends
        time.sleep(0.01)
    assert partial.exists() == is_left
