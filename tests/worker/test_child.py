import os
import signal

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf
from tests.fixtures.engine_client import EngineClient, EngineStopped, RequestFailed

from octavo import __version__
from octavo.engine.errors import NotEnoughMemory, OctavoError
from octavo.worker.child import kind_of
from octavo.worker.protocol import (
    PROTOCOL_VERSION,
    Chat,
    Convert,
    Copy,
    CountTokens,
    Inspect,
    MeasureBandwidth,
    Progressed,
    Unload,
)


@pytest.fixture(scope="module")
def client():
    with EngineClient() as client:
        yield client


def test_child_says_hello_first():
    with EngineClient() as client:
        hello = client.start()
        assert (hello.protocol, hello.version) == (PROTOCOL_VERSION, __version__)
        assert hello.n_threads >= 1
        assert hello.tier


def test_inspect_gives_the_card(client, tmp_path):
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    card = client.ask(Inspect(path=str(path)))
    assert card["hyperparameters"]["architecture"] == "llama"
    assert card["file_bytes"] == path.stat().st_size
    assert card["tensors"][0]["block_type"]["name"]


def test_refusal_comes_back_with_its_kind_and_the_child_goes_on(client, tmp_path):
    (tmp_path / "bad.gguf").write_bytes(b"GGUF")
    with pytest.raises(RequestFailed, match=r"bad\.gguf") as caught:
        client.ask(Inspect(path=str(tmp_path / "bad.gguf")))
    assert caught.value.kind == "unreadable_model"
    assert client.ask(Unload()) is None


def test_chat_without_a_model_says_what_to_do(client):
    for request in (Chat(messages=[]), CountTokens(messages=[])):
        with pytest.raises(RequestFailed, match=r"No model is loaded\. Open one first\."):
            client.ask(request)


def test_bandwidth_is_measured_and_remembered(client):
    first = client.ask(MeasureBandwidth())
    assert first["bytes_per_second"] > 1e8
    assert client.ask(MeasureBandwidth()) == first


def test_unknown_quantizer_is_refused_with_the_known_ones(client, tmp_path):
    copy = Copy(quantizer="Q3_XYZ", output=str(tmp_path / "out.gguf"))
    request = Convert(path=str(tmp_path), copies=[copy])
    with pytest.raises(RequestFailed, match=r"There are: .*Q4_K_M, .*Q8_0"):
        client.ask(request)


def test_kind_is_the_class_name_in_snake_case():
    assert kind_of(NotEnoughMemory("")) == "not_enough_memory"
    assert kind_of(OctavoError("")) == "octavo_error"


def test_what_a_plugin_prints_or_reads_does_not_disturb_the_messages(child_that):
    client = child_that("print('noise' * 1000, flush=True)\nos.write(1, b'noise')\nreturn sys.stdin.read()")
    assert client.ask(Unload()) == ""
    assert client.ask(Unload()) == ""
    assert "noise" in client.log()


def test_bug_is_told_with_its_traceback_and_the_child_goes_on(child_that):
    client = child_that("if request.id == 1: {}['missing']\nreturn 'fine'")
    with pytest.raises(RequestFailed, match=r"Something went wrong in the engine \(KeyError\)") as caught:
        client.ask(Unload())
    assert caught.value.kind == "crash"
    assert "missing" in caught.value.details
    assert client.ask(Unload()) == "fine"


@pytest.mark.parametrize(
    "answer",
    [
        "return 'half \\ud800'",
        "return 'x' * (65 << 20)",
        "raise OctavoError('half \\ud800')",
        "raise KeyError('half \\ud800')",
    ],
)
def test_an_answer_that_cannot_be_said_is_a_failure_and_the_child_goes_on(child_that, answer):
    client = child_that(f"if request.id > 1: return 'fine'\n{answer}")
    with pytest.raises(RequestFailed) as caught:
        client.ask(Unload())
    assert caught.value.kind == "crash"
    assert client.ask(Unload()) == "fine"


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("raise MemoryError", "not_enough_memory", "not enough memory"),
        (
            "raise OSError(28, 'No space left on device', '/out')",
            "os_error",
            "/out: No space left on device.",
        ),
    ],
)
def test_what_the_system_refuses_is_a_sentence(child_that, code, kind, words):
    with pytest.raises(RequestFailed, match=words) as caught:
        child_that(code).ask(Unload())
    assert caught.value.kind == kind


def test_cancelling_closes_the_work_and_ends_the_request(child_that):
    client = child_that(
        "def work():\n"
        "    try:\n"
        "        while True: yield Progress(1, 2); time.sleep(0.001)\n"
        "    finally: print('tidied up', flush=True)\n"
        "return self._run(request, work(), 'convert', stop)"
    )
    number = client.send(Unload())
    events = client.events(number)
    assert isinstance(next(events), Progressed)
    client.cancel(number)
    with pytest.raises(RequestFailed) as caught:
        list(events)
    assert caught.value.kind == "cancelled"
    assert "tidied up" in client.log()


def test_request_cancelled_while_it_waits_is_never_begun(child_that):
    client = child_that(
        "if request.id == 2 and stop.is_set(): raise Stopped\n"
        "while request.id == 1 and not stop.wait(0.001): pass\n"
        "return 'done'\n"
    )
    first, second = client.send(Unload()), client.send(Unload())
    client.cancel(second)
    client.cancel(first)
    assert [event.result for event in client.events(first)] == ["done"]
    with pytest.raises(RequestFailed, match=r"Stopped\."):
        list(client.events(second))


def test_ctrl_c_is_left_to_the_front_end(child_that):
    client = child_that("os.kill(os.getpid(), signal.SIGINT)\nreturn 'still here'")
    assert client.ask(Unload()) == "still here"


# Work that does not end; its file is there meanwhile.
ENDLESS = """
def work():
    open({partial!r}, 'w').close()
    try:
        while True: yield Progress(1, 2); time.sleep(0.001)
    finally: os.unlink({partial!r})
return self._run(request, work(), 'convert', stop)
"""


def test_child_tidies_up_when_it_is_told_to_end(child_that, tmp_path):
    partial = tmp_path / "partial"
    client = child_that(ENDLESS.format(partial=str(partial)))
    events = client.events(client.send(Unload()))
    next(events)
    assert partial.exists()
    os.kill(client.pid, signal.SIGTERM)
    with pytest.raises(EngineStopped):
        list(events)
    assert not partial.exists()


def test_child_tidies_up_when_its_parent_goes(child_that, tmp_path):
    partial = tmp_path / "partial"
    client = child_that(ENDLESS.format(partial=str(partial)))
    next(client.events(client.send(Unload())))
    client.close()
    assert not partial.exists()
