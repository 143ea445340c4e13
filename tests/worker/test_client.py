"""The blocking client, on children that are no engine."""

import sys

import pytest
from tests.fixtures import engine_client
from tests.fixtures.engine_client import EngineClient, EngineStopped, RequestFailed

from octavo.worker.protocol import PROTOCOL_VERSION, Done, Failed, Hello, Unload, frame

HELLO = frame(Hello(protocol=PROTOCOL_VERSION, version="0", tier="avx2", n_threads=1))


@pytest.fixture
def saying(tmp_path):
    """A client whose child writes these bytes, each start the next ones, and then does as told."""
    clients = []

    def start(*said, then=""):
        (tmp_path / "said").write_bytes(repr(said).encode())
        code = (
            "import os, sys, time\n"
            "said = list(eval(open(sys.argv[1]).read()))\n"
            "os.write(1, said.pop(0))\n"
            "open(sys.argv[1], 'w').write(repr(said))\n"
            f"{then}"
        )
        clients.append(EngineClient([sys.executable, "-c", code, str(tmp_path / "said")]))
        return clients[-1]

    yield start
    for each in clients:
        each.close()


def test_what_the_child_could_not_read_fails_the_request(saying):
    refusal = frame(Failed(id=0, kind="protocol", message="This is no message."))

    with pytest.raises(RequestFailed, match="no message"):
        saying(HELLO + refusal).ask(Unload())


def test_half_a_message_of_a_child_that_died_is_forgotten(saying):
    asked = saying(HELLO + HELLO[:7], HELLO + frame(Done(id=2, result="fine")))
    with pytest.raises(EngineStopped):
        asked.ask(Unload())

    assert asked.ask(Unload()) == "fine"


def test_a_child_that_does_not_end_is_killed(saying, monkeypatch):
    monkeypatch.setattr(engine_client, "_SECONDS_TO_END", 0.05)
    asked = saying(HELLO, then="time.sleep(600)")
    asked.start()
    child = asked._process

    asked.close()

    assert child.returncode == -9
