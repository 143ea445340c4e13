"""The engine of the chat: loads a model, answers, stops; what becomes of it is told in signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from octavo.gui.engine_call import Call
from octavo.gui.engine_process import EngineProcess
from octavo.store.chat_settings import Overflow
from octavo.worker.protocol import (
    Chat,
    CountTokens,
    Failed,
    Hello,
    Load,
    LoadReport,
    Progressed,
    Replied,
    TokenCount,
)

# A token of a large model may take longer than the grace of other requests, and killing the engine
# would cost the user the loading of the model; the window itself stops at once.
GRACE_MS = 2000
# So long after Stop the figures of an answer are waited for.
PATIENCE_MS = 120


@dataclass(frozen=True)
class Question:
    """What the engine is asked: the conversation, and how to answer; fields as in ``protocol.Chat``."""

    messages: list[dict[str, str]]
    sampling: dict[str, Any] = field(default_factory=dict)  # fields of inference.sampling.Sampling
    max_tokens: int = 0
    template: str = ""
    stop_texts: Sequence[str] = ()
    overflow: Overflow = "stop"
    continued: str = ""
    key: str = ""

    @property
    def request(self) -> Chat:
        """The question as the engine takes it."""
        return Chat(
            messages=self.messages,
            sampling=self.sampling,
            max_tokens=self.max_tokens,
            template=self.template,
            stop_texts=list(self.stop_texts),
            overflow=self.overflow,
            continued=self.continued,
            key=self.key,
        )


class ChatDesk(QObject):
    """One model and one answer at a time.

    Attributes
    ----------
    state : str
        ``empty`` (also where loading was stopped), ``loading``, ``ready`` or ``stopped`` (the engine failed).
    path : str
        The model that is loaded or being loaded.
    """

    ready = Signal(Hello)
    loaded = Signal(LoadReport)
    state_changed = Signal()
    progressed = Signal(Progressed)
    grew = Signal(str, int)
    answered = Signal(Replied)
    counted = Signal(int)
    measured = Signal(TokenCount)
    failed = Signal(Failed)

    def __init__(self, parent: QObject | None = None, *, command: Sequence[str] | None = None) -> None:
        super().__init__(parent)
        self._engine = EngineProcess(self, command=command, grace_ms=GRACE_MS)
        self._engine.ready.connect(self.ready)
        self._engine.ended.connect(self._note_end)
        self._engine.crashed.connect(self._note_crash)
        self.state = "empty"
        self.path = ""
        self.report: LoadReport | None = None
        self._load: Load | None = None
        self._loading: Call | None = None
        self._leaving: Call | None = (
            None  # a model that is no longer wanted, until the engine has let go of it
        )
        self._answering: Call | None = None
        self._waiting: Question | None = None
        self._was_idle = False
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._lose_patience)

    @property
    def is_answering(self) -> bool:
        """Whether an answer is under way or waits for its model."""
        return self._answering is not None or self._waiting is not None

    def warm_up(self) -> None:
        """Start the engine before it is needed."""
        self._engine.start()

    def load(self, request: Load) -> None:
        """Load a model in place of the one before; the same one again only if it changed or failed."""
        if request == self._load and self.state in ("loading", "ready"):
            return
        self._drop()
        self._load, self.path, self.report = request, request.path, None
        self._loading = self._engine.ask(request)
        self._loading.progressed.connect(self.progressed)
        self._loading.done.connect(self._note_loaded)
        self._loading.failed.connect(self._note_load_failed)
        self._show("loading")

    def load_again(self, context_tokens: int = 0) -> None:
        """Load the same model once more, with another context if one is given."""
        if self._load is not None:
            request = self._load
            if context_tokens:
                request = msgspec.structs.replace(request, context_tokens=context_tokens)
            self.state = "stopped"
            self.load(request)

    def ask(self, question: Question) -> None:
        """Answer ``question``, as soon as the model is ready."""
        if self.state == "ready":
            self._start(question)
        else:
            if self.state != "loading":
                self.load_again()
            self._waiting = question

    def stop(self) -> None:
        """Stop the answer; ``answered`` or ``failed`` tells when it has stopped."""
        if self._waiting is not None:
            self._waiting = None
            self.failed.emit(Failed(kind="cancelled", message="Stopped."))
        elif self._answering is not None:
            self._answering.cancel()
            self._patience.start()

    def stop_loading(self) -> None:
        """Stop loading the model, if one is being loaded; the next question begins anew."""
        loading, self._loading = self._loading, None
        if loading is not None:
            for signal in (loading.progressed, loading.done, loading.failed):
                signal.disconnect()
            loading.done.connect(self._note_left)
            loading.failed.connect(self._note_left)
            self._leaving = loading
            loading.cancel()
            self._show("empty")

    def count(
        self,
        messages: list[dict[str, str]],
        *,
        max_tokens: int = 0,
        template: str = "",
        overflow: Overflow = "stop",
        texts: Sequence[str] = (),
    ) -> bool:
        """Count the tokens of a conversation, unless the model has better things to do; whether it will.

        ``counted`` tells how many there are, ``measured`` also what of them would be sent, and how many each of
        ``texts`` has.
        """
        if self.state == "ready" and not self._engine.is_busy:
            request = CountTokens(
                messages=messages,
                max_tokens=max_tokens,
                template=template,
                overflow=overflow,
                texts=list(texts),
            )
            # Held until it is joined: a closed engine holds no calls.
            call = self._engine.ask(request)
            call.done.connect(self._tell_count)
            return True
        return False

    def close(self) -> None:
        """End the engine."""
        self._engine.blockSignals(True)
        self._engine.close()

    def _lose_patience(self) -> None:
        """The engine is in the middle of something: it ends in its own time, and nobody waits for it."""
        if self._answering is not None and self._answering.is_cancelled:
            self._answering.blockSignals(True)
            self._answering = None
            self.failed.emit(Failed(kind="cancelled", message="Stopped."))

    def _drop(self) -> None:
        """End what is under way for another model."""
        was_answering = self.is_answering
        is_busy = any((self._loading, self._answering, self._leaving))
        self._waiting = self._loading = self._answering = self._leaving = None
        if is_busy:
            self._engine.dismiss()
        if was_answering:
            self.failed.emit(Failed(kind="cancelled", message="Stopped."))

    def _start(self, question: Question) -> None:
        self._waiting = None
        self._answering = self._engine.ask(question.request)
        self._answering.progressed.connect(self.progressed)
        self._answering.piece.connect(self.grew)
        self._answering.replied.connect(self._note_reply)
        self._answering.failed.connect(self._note_failure)

    def _tell_count(self, result: object) -> None:
        count = msgspec.convert(result, TokenCount)
        self.measured.emit(count)
        self.counted.emit(count.tokens)

    def _note_loaded(self, result: object) -> None:
        self._loading = None
        self.report = msgspec.convert(result, LoadReport)
        self.loaded.emit(self.report)
        self._show("ready")
        if self._waiting is not None:
            self._start(self._waiting)

    def _note_load_failed(self, failed: Failed) -> None:
        if self._loading is None:
            return
        self._loading = self._waiting = None
        self._show("stopped")
        if failed.kind != "cancelled":
            self.failed.emit(failed)

    def _note_left(self, ending: object) -> None:
        self._leaving = None

    def _note_reply(self, replied: Replied) -> None:
        self._answering = None
        self.answered.emit(replied)

    def _note_failure(self, failed: Failed) -> None:
        if self._answering is None:
            return
        self._answering = None
        self.failed.emit(failed)

    def _note_end(self) -> None:
        """The engine is gone, and the model with it: the next question starts both again."""
        self._was_idle = self.state == "ready" and self._answering is None
        self.report = None
        if self.state != "empty":
            self._show("stopped")

    def _note_crash(self, failed: Failed) -> None:
        """A crash in mid-request is told by the request; one between requests is told here."""
        if self._was_idle:
            self.failed.emit(failed)

    def _show(self, state: str) -> None:
        self.state = state
        self.state_changed.emit()
