"""A model that is ready to chat: its file, its tokenizer and its session."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import msgspec

from octavo.engine.errors import OctavoError
from octavo.engine.progress import Progress, Work
from octavo.worker.protocol import Chat, Load, LoadReport

if TYPE_CHECKING:
    from octavo.engine.checkpoint.model import Checkpoint
    from octavo.engine.inference.reply import TextPiece
    from octavo.engine.inference.session import Session
    from octavo.engine.tokenizer.tokenizer import Tokenizer


@dataclass(frozen=True)
class LoadedModel:
    """What a chat needs; ``report`` is what the front-end is told of it."""

    checkpoint: Checkpoint
    tokenizer: Tokenizer
    session: Session
    report: LoadReport

    def close(self) -> None:
        """Give its memory back."""
        self.session.close()
        self.tokenizer.renderer.close()
        self.checkpoint.close()

    def prompt_ids(self, messages: Sequence[dict[str, str]], template: str = "") -> list[int]:
        """The tokens of a conversation, as the model's template (or ``template``) writes it."""
        from octavo.engine.tokenizer.template import prompt_ids

        return prompt_ids(self.checkpoint, self.tokenizer, messages, template=template)

    def reply(self, request: Chat, stop: Event) -> Generator[Progress | TextPiece, None, dict[str, Any]]:
        """Answer; returns the fields of ``Replied``."""
        from octavo.engine.hardware.memory import process_rss_bytes
        from octavo.engine.inference.reply import reply
        from octavo.engine.inference.sampling import Sampling

        try:
            sampling = msgspec.convert(request.sampling, Sampling)
        except msgspec.ValidationError as error:
            raise OctavoError(f"This way of sampling is not possible: {error}.") from error
        ids = self.prompt_ids(request.messages, request.template)
        answer = yield from reply(self.session, self.tokenizer, ids, sampling, request.max_tokens, stop=stop)
        return {**msgspec.to_builtins(answer), "measured_rss_bytes": process_rss_bytes()}


def load_model(request: Load) -> Work[LoadedModel]:
    """Open and load a model, and measure what it took."""
    from octavo.engine.checkpoint.open import open_checkpoint
    from octavo.engine.hardware.memory import process_rss_bytes
    from octavo.engine.inference.session import load_session
    from octavo.engine.tokenizer.load import load_tokenizer

    started = time.perf_counter()
    checkpoint = open_checkpoint(Path(request.path))
    try:
        tokenizer = load_tokenizer(checkpoint)
        session = yield from load_session(
            checkpoint,
            context_tokens=request.context_tokens,
            kv_type=request.kv_type,
            n_threads=request.n_threads,
        )
    except BaseException:
        checkpoint.close()
        raise
    report = LoadReport(
        context_tokens=session.context_tokens,
        kv_type=request.kv_type,
        n_threads=session.n_threads,
        tier=session.tier,
        load_seconds=time.perf_counter() - started,
        predicted_bytes=session.predicted_bytes,
        measured_rss_bytes=process_rss_bytes(),
    )
    return LoadedModel(checkpoint, tokenizer, session, report)
