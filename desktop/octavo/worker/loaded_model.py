"""A model that is ready to chat: its file, its tokenizer and its session."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from octavo.engine.errors import OctavoError
from octavo.engine.progress import Progress, Work
from octavo.engine.stop import Stop
from octavo.worker.chat_memory import ChatMemory
from octavo.worker.fitted_messages import ContextFull, FittedMessages, fit_messages
from octavo.worker.protocol import Chat, CountTokens, Load, LoadReport, Replied, TokenCount

if TYPE_CHECKING:
    from octavo.engine.checkpoint.model import Checkpoint, ModelCard
    from octavo.engine.inference.reply import TextPiece
    from octavo.engine.inference.session import Session
    from octavo.engine.tokenizer.tokenizer import Tokenizer


_BEGINNING = Progress(0, 0, "reading the file")


@dataclass(frozen=True)
class LoadedModel:
    """What a chat needs; ``report`` is what the front-end is told of it."""

    checkpoint: Checkpoint
    tokenizer: Tokenizer
    session: Session
    report: LoadReport
    memory: ChatMemory

    def close(self) -> None:
        """Give its memory back; what was read of a conversation with a key is kept in a file."""
        self.memory.keep()
        self.session.close()
        self.tokenizer.renderer.close()
        self.checkpoint.close()

    def prompt_ids(self, messages: Sequence[Mapping[str, str]], template: str = "") -> list[int]:
        """The tokens of a conversation, as the model's template (or ``template``) writes it."""
        from octavo.engine.tokenizer.template import prompt_ids

        return prompt_ids(self.checkpoint, self.tokenizer, messages, template=template)

    def fit(self, request: Chat | CountTokens) -> FittedMessages:
        """What of a conversation is sent, as the request wants it where not all fits; raises ``ContextFull``."""

        def count(messages: Sequence[Mapping[str, str]]) -> int:
            return len(self.prompt_ids(messages, request.template)) + n_continued

        n_continued = len(self.continued_ids(request.continued)) if isinstance(request, Chat) else 0
        return fit_messages(
            request.messages,
            count,
            context_tokens=self.session.context_tokens,
            max_tokens=request.max_tokens,
            overflow=request.overflow,
        )

    def count(self, request: CountTokens) -> TokenCount:
        """How many tokens a conversation takes, and how much of it would be sent."""
        texts = [len(self.tokenizer.encode(text)) for text in request.texts]
        try:
            fitted = self.fit(request)
        except ContextFull:
            tokens = len(self.prompt_ids(request.messages, request.template))
            return TokenCount(tokens=tokens, text_tokens=texts)
        return TokenCount(
            tokens=fitted.all_tokens,
            sent_tokens=fitted.tokens,
            n_dropped=fitted.n_dropped,
            text_tokens=texts,
        )

    def continued_ids(self, text: str) -> list[int]:
        """The tokens of the beginning of an answer, as they stand behind its prompt."""
        return self.tokenizer.encode(text) if text else []

    def raw_ids(self, prompt: str) -> list[int]:
        """The tokens of a prompt that is written out in full."""
        return self.tokenizer.raw_ids(prompt)

    def reply(
        self,
        ids: Sequence[int],
        sampling: Mapping[str, Any],
        max_tokens: int,
        stop: Stop,
        stop_texts: Sequence[str] = (),
    ) -> Generator[Progress | TextPiece, None, Replied]:
        """Continue ``ids``; setting ``stop`` ends the answer early, and it still has its figures.

        Parameters
        ----------
        sampling : mapping of str to value
            Fields of ``Sampling``.
        max_tokens : int
            0 means until the context is full.
        stop_texts : sequence of str
            The answer ends before the first of these.
        """
        from octavo.engine.hardware.bystanders import Bystanders
        from octavo.engine.hardware.memory import process_rss_bytes
        from octavo.engine.inference.reply import reply
        from octavo.engine.inference.sampling import Sampling

        try:
            how = msgspec.convert(sampling, Sampling)
        except msgspec.ValidationError as error:
            raise OctavoError(f"This way of sampling is not possible: {error}.") from error
        others = Bystanders()
        answer = yield from reply(
            self.session, self.tokenizer, ids, how, max_tokens, stop=stop, stop_texts=stop_texts
        )
        figures = msgspec.to_builtins(answer)
        return Replied(**figures, measured_rss_bytes=process_rss_bytes(), busy=others.share())


def load_model(request: Load) -> Work[LoadedModel]:
    """Open and load a model if it fits, and measure what it took.

    Raises ``NotEnoughMemory`` before anything is loaded where it does not fit.
    """
    from octavo.engine.checkpoint.open import open_checkpoint
    from octavo.engine.hardware.bystanders import Bystanders
    from octavo.engine.hardware.cores import usable_threads

    started = time.perf_counter()
    # Progress without figures: between the imports and the first weights it can be stopped too.
    yield _BEGINNING
    n_threads = request.n_threads or usable_threads()
    with contextlib.ExitStack() as opened:  # closed again where no model comes of it
        checkpoint = opened.enter_context(contextlib.closing(open_checkpoint(Path(request.path))))
        others = Bystanders()
        context_tokens, predicted_bytes = _admitted(checkpoint.card, request, n_threads)
        yield _BEGINNING
        from octavo.engine.tokenizer.load import load_tokenizer

        yield _BEGINNING
        tokenizer = load_tokenizer(checkpoint)
        yield _BEGINNING
        from octavo.engine.inference.session import load_session

        yield _BEGINNING
        session = yield from load_session(
            checkpoint,
            context_tokens=context_tokens,
            kv_type=request.kv_type,
            n_threads=n_threads,
            force=True,  # admitted, or asked for
        )
        opened.callback(session.close)
        seconds = time.perf_counter() - started
        report = _report(checkpoint, session, request.kv_type, seconds, predicted_bytes)
        report = msgspec.structs.replace(report, busy=others.share())
        opened.pop_all()
    return LoadedModel(checkpoint, tokenizer, session, report, ChatMemory(session))


def _report(
    checkpoint: Checkpoint, session: Session, kv_type: str, load_seconds: float, predicted_bytes: int
) -> LoadReport:
    """What a front-end is told when the model is ready."""
    from octavo.engine.hardware.memory import process_rss_bytes
    from octavo.engine.tokenizer.suspicion import suspicious
    from octavo.engine.tokenizer.template import built_in_source, chat_template

    template = chat_template(checkpoint)
    return LoadReport(
        context_tokens=session.context_tokens,
        kv_type=kv_type,
        n_threads=session.n_threads,
        tier=session.tier,
        load_seconds=load_seconds,
        predicted_bytes=predicted_bytes,
        measured_rss_bytes=process_rss_bytes(),
        template=template.source,
        template_note=template.note,
        template_findings=suspicious(template.source),
        built_in_template=built_in_source(checkpoint),
    )


def _admitted(card: ModelCard, request: Load, n_threads: int) -> tuple[int, int]:
    """The context to load with, tokens, and the memory that it will take, bytes."""
    from octavo.engine.estimate.memory import estimate_memory
    from octavo.engine.inference.admit import admitted_context

    context_tokens = admitted_context(
        card,
        context_tokens=request.context_tokens,
        kv_type=request.kv_type,
        n_threads=n_threads,
        force=request.force,
    )
    needed = estimate_memory(
        card, None, context_tokens=context_tokens, kv_type=request.kv_type, n_threads=n_threads
    )
    return context_tokens, needed.total_bytes
