import io
import json
import os
import signal
import sys
from types import SimpleNamespace

import pytest
from tests.fixtures.cards import card

from octavo.engine.estimate.speeds import Speeds, keep_speeds
from octavo.engine.inference.sampling import Sampling
from octavo.engine.progress import Progress
from octavo.store.ledger import Ledger
from octavo.worker import loaded_model
from octavo.worker.protocol import LoadReport, Replied

REPORT = LoadReport(
    context_tokens=512,
    kv_type="f16",
    n_threads=2,
    tier="portable",
    load_seconds=0.5,
    predicted_bytes=200,
    measured_rss_bytes=190,
)


class Piece:
    def __init__(self, text):
        self.text = text


class FakeModel:
    """Answers with what it was asked, word by word."""

    report = REPORT
    checkpoint = SimpleNamespace(card=card())

    def __init__(self):
        self.asked = []
        self.loads = []
        self.sampling = {}
        self.on_piece = lambda: None

    def close(self):
        pass

    def prompt_ids(self, messages):
        self.asked.append([dict(message) for message in messages])
        return [1, 2, 3]

    def raw_ids(self, prompt):
        self.asked.append(prompt)
        return [9]

    def reply(self, ids, sampling, max_tokens, stop):
        self.sampling = sampling
        yield Progress(1, 3)
        said = ""
        for word in ("You ", "said ", "so."):
            if stop.is_set():
                break
            said += word
            yield Piece(word)
            self.on_piece()
        return Replied(
            text=said,
            tokens=[7] * len(said.split()),
            prompt_tokens=len(ids),
            reused_tokens=0,
            prefill_tokens_per_second=100.0,
            tokens_per_second=50.0,
            first_token_seconds=0.25,
            finish="cancelled" if stop.is_set() else "stop",
            context_used=6,
            measured_rss_bytes=195,
        )


@pytest.fixture
def model(monkeypatch):
    model = FakeModel()

    def load(request):
        model.loads.append(request)
        yield Progress(1, 1)
        return model

    monkeypatch.setattr(loaded_model, "load_model", load)
    return model


@pytest.fixture
def terminal(monkeypatch):
    """Standard input that is a person: what they type, line by line."""

    def typed(*lines):
        stdin = io.StringIO("".join(f"{line}\n" for line in lines))
        stdin.isatty = lambda: True
        monkeypatch.setattr(sys, "stdin", stdin)

    return typed


def test_answer_goes_to_standard_output_and_its_figures_to_standard_error(octavo, model):
    outcome = octavo("chat", "demo", "--prompt", "Hello", "--system", "Be brief.")
    assert outcome.out == "You said so.\n"
    assert outcome.err == "[3 tokens, 50.0 tokens/s, first after 0.25 s]\n"
    assert model.asked == [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]]


def test_json_holds_the_contract(octavo, model):
    found = octavo("chat", "demo", "--prompt", "Hello", "--json", "--temperature", "0", "--seed", "7").json
    assert found["text"] == "You said so."
    assert found["tokens"] == [7, 7, 7]
    for key in (
        "prompt_tokens",
        "prefill_tokens_per_second",
        "tokens_per_second",
        "first_token_seconds",
        "finish",
        "predicted_bytes",
        "measured_rss_bytes",
    ):
        assert key in found
    assert model.sampling["temperature"] == 0
    assert model.sampling["seed"] == 7


def test_raw_prompt_skips_the_template(octavo, model):
    octavo("chat", "demo", "--prompt", "Once upon", "--raw")
    assert model.asked == ["Once upon"]


def test_prompt_may_come_from_standard_input(octavo, model, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("Grüße\n".encode())))
    assert octavo("chat", "demo").status == 0
    assert model.asked == [[{"role": "user", "content": "Grüße"}]]


def test_penalties_and_typical_p_reach_the_sampler(octavo, model):
    options = ["--typical-p", "0.9", "--repeat-penalty", "1.2", "--presence-penalty", "0.5"]
    outcome = octavo("chat", "demo", "--prompt", "Hi", *options, "--frequency-penalty", "-0.25")
    assert outcome.status == 0
    named = ("typical_p", "repeat_penalty", "presence_penalty", "frequency_penalty")
    assert [model.sampling[name] for name in named] == [0.9, 1.2, 0.5, -0.25]
    assert Sampling(**model.sampling).typical_p == 0.9


def test_ctrl_c_stops_the_answer_and_keeps_what_was_said(octavo, model):
    model.on_piece = lambda: os.kill(os.getpid(), signal.SIGINT)
    outcome = octavo("chat", "demo", "--prompt", "Hello", "--json")
    assert outcome.status == 130
    assert json.loads(outcome.out)["finish"] == "cancelled"
    assert outcome.err == "octavo: stopped.\n"


def test_conversation_remembers_what_was_said(octavo, model, terminal):
    terminal("Hello", "", "And again")
    outcome = octavo("chat", "demo")
    assert outcome.status == 0
    assert model.asked[1] == [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "You said so."},
        {"role": "user", "content": "And again"},
    ]


def test_ctrl_c_in_a_conversation_ends_the_answer_only(octavo, model, terminal):
    terminal("Hello", "Still there?")
    stops = iter([signal.SIGINT])

    def stop_once():
        for number in stops:
            os.kill(os.getpid(), number)

    model.on_piece = stop_once
    outcome = octavo("chat", "demo")
    assert outcome.status == 0
    assert "stopped" in outcome.err
    assert len(model.asked) == 2


@pytest.mark.parametrize(
    "options",
    [
        ["--temperature", "-1"],
        ["--top-p", "1.5"],
        ["--min-p", "nan0"],
        ["--kv", "q2"],
        ["--seed", "-1"],
        ["--typical-p", "2"],
    ],
)
def test_impossible_sampling_is_wrong_usage(octavo, model, options):
    assert octavo("chat", "demo", "--prompt", "Hello", *options).status == 2


def test_what_came_of_the_estimate_is_noted(octavo, model):
    octavo("chat", "demo", "--prompt", "Hello")

    with Ledger() as ledger:
        (entry,) = ledger.entries("memory_bytes")
    assert (entry.predicted, entry.measured) == (200, 195)
    assert entry.details == "BF16, 512 tokens, f16, 2 threads"


def test_a_model_that_does_not_fit_may_be_forced(octavo, model):
    octavo("chat", "demo", "--prompt", "Hello", "--force")

    assert model.loads[-1].force


def test_a_probe_that_found_no_kernels_spoils_neither_the_answer_nor_the_ledger(octavo, model):
    keep_speeds(Speeds(n_threads=REPORT.n_threads, bandwidth=[(1 << 27, 3e10)]))

    assert octavo("chat", "demo", "--prompt", "Is it?").status == 0
    with Ledger() as ledger:
        assert len(ledger.entries("memory_bytes")) == 1
        assert ledger.entries("load_seconds") == []


def test_an_empty_prompt_is_refused(octavo, model):
    outcome = octavo("chat", "demo", "--prompt", " ")

    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err == "octavo: There is nothing to answer: the prompt is empty.\n"


def test_an_answer_needs_no_folder_of_ours(octavo, model, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OCTAVO_HOME", str(tmp_path / "file"))

    assert octavo("chat", "demo", "--prompt", "Is it?").status == 0
