"""A model that answers with words known beforehand, for tests of the commands that talk to one."""

from __future__ import annotations

from types import SimpleNamespace

from tests.fixtures.cards import card

from octavo.engine.progress import Progress
from octavo.worker.fitted_messages import FittedMessages, fit_messages
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
    """Answers with what it was asked, word by word; ten tokens a message."""

    report = REPORT
    checkpoint = SimpleNamespace(card=card())

    def __init__(self):
        self.asked = []
        self.loads = []
        self.sampling = {}
        self.stop_texts = []
        self.context_tokens = REPORT.context_tokens
        self.on_piece = lambda: None

    def close(self):
        pass

    def fit(self, request) -> FittedMessages:
        return fit_messages(
            request.messages,
            lambda messages: 10 * len(messages),
            context_tokens=self.context_tokens,
            max_tokens=request.max_tokens,
            overflow=request.overflow,
        )

    def prompt_ids(self, messages):
        self.asked.append([dict(message) for message in messages])
        return [1, 2, 3]

    def raw_ids(self, prompt):
        self.asked.append(prompt)
        return [9]

    def reply(self, ids, sampling, max_tokens, stop, stop_texts=()):
        self.sampling, self.stop_texts = sampling, stop_texts
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
