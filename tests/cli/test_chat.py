import io
import json
import os
import signal
import sys

import msgspec
import pytest
from tests.cli.talking import REPORT

from octavo.engine.estimate.speeds import Speeds, keep_speeds
from octavo.engine.inference.sampling import Sampling
from octavo.store.chats import ChatStore
from octavo.store.ledger import Ledger


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


@pytest.mark.parametrize(
    "options",
    [
        ["--temperature", "-1"],
        ["--temperature", "inf"],
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


def test_a_sampler_that_cannot_be_is_refused_before_anything_is_loaded(octavo, model):
    outcome = octavo("chat", "demo", "--prompt", "Hi", "--top-p", "0")

    assert (outcome.status, model.loads) == (1, [])
    assert outcome.err == "octavo: The top-p cannot be 0.0. Choose above 0, at most 1.\n"


def test_texts_that_end_the_answer_reach_the_model(octavo, model):
    octavo("chat", "demo", "--prompt", "Hi", "--stop", "END", "--stop", "\n\n", "--stop", "")

    assert model.stop_texts == ["END", "\n\n"]


def test_a_single_prompt_is_kept_among_the_chats_only_where_that_is_wished(octavo, model):
    assert octavo("chat", "demo", "--prompt", "Hi", "--json").json["chat"] is None
    number = octavo("chat", "demo", "--prompt", "Hello", "--keep", "--json").json["chat"]

    with ChatStore() as store:
        (chat,) = store.chats()
        said = [(each.role, each.text, each.finish) for each in store.messages(number)]
    assert (chat.id, chat.title) == (number, "Hello")
    assert said == [("user", "Hello", ""), ("assistant", "You said so.", "stop")]


def test_a_chat_is_gone_on_with_and_grows(octavo, model):
    first = octavo("chat", "demo", "--prompt", "Hello", "--system", "Be brief.", "--keep", "--json").json
    number = str(first["chat"])
    octavo("chat", "demo", "--chat", number, "--prompt", "And again")

    assert [each["content"] for each in model.asked[1]] == ["Be brief.", "Hello", "You said so.", "And again"]
    with ChatStore() as store:
        assert len(store.messages(first["chat"])) == 4


def test_a_chat_can_be_gone_on_with_without_a_trace(octavo, model):
    number = octavo("chat", "demo", "--prompt", "Hello", "--keep", "--json").json["chat"]
    octavo("chat", "demo", "--chat", number, "--no-keep", "--prompt", "And again")

    assert len(model.asked[1]) == 3
    with ChatStore() as store:
        assert len(store.messages(number)) == 2


def test_a_chat_that_is_not_there_or_deleted_is_refused_before_anything_is_loaded(octavo, model):
    number = octavo("chat", "demo", "--prompt", "Hello", "--keep", "--json").json["chat"]
    octavo("chats", "delete", number)
    model.loads.clear()

    outcomes = [octavo("chat", "demo", "--chat", each, "--prompt", "Hi") for each in (number, 99)]

    assert [each.status for each in outcomes] == [1, 1]
    assert outcomes[0].err == (
        f"octavo: Chat {number} is in the trash. octavo chats delete {number} --restore brings it back.\n"
    )
    assert outcomes[1].err == "octavo: There is no chat 99. octavo chats list shows all.\n"
    assert model.loads == []


def test_a_prompt_longer_than_the_context_is_told_with_what_helps(octavo, model):
    model.context_tokens = 10
    outcome = octavo("chat", "demo", "--prompt", "Hello")

    assert (outcome.status, outcome.out) == (1, "")
    assert "takes 10 tokens, and the context holds 10. Give it a longer --context" in outcome.err


def test_a_context_beyond_what_the_model_was_made_for_is_told(octavo, model, monkeypatch):
    made_for = model.checkpoint.card.hyperparameters.context_length
    monkeypatch.setattr(model, "report", msgspec.structs.replace(REPORT, context_tokens=made_for + 1))

    assert f"The model was made for {made_for:,} tokens.\n" in octavo("chat", "demo", "--prompt", "Hi").err
