"""One answer at a time: asked for, streamed into the view and the store, ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal

from octavo.gui.chat_desk import ChatDesk, Question
from octavo.gui.conversation import Conversation
from octavo.gui.pages.chat_words import figures, loading_words, shown
from octavo.gui.pages.pace import Pace
from octavo.gui.widgets.chat_status import ChatStatus
from octavo.gui.widgets.composer import Composer
from octavo.gui.widgets.message_list import MessageList
from octavo.store.chat_settings import ChatSettings
from octavo.worker.protocol import Failed, Progressed, Replied


class Answering(QObject):
    """Joins the engine's desk, the conversation and the widgets while an answer is under way."""

    ended = Signal(Replied)
    failed = Signal(Failed)

    def __init__(
        self,
        desk: ChatDesk,
        conversation: Conversation,
        messages: MessageList,
        status: ChatStatus,
        composer: Composer,
    ) -> None:
        super().__init__(messages)
        self._desk, self._conversation = desk, conversation
        self._messages, self._status, self._composer = messages, status, composer
        self._n_tokens = self._n_before = 0
        self._reading, self._writing = Pace(), Pace()
        desk.progressed.connect(self._show_progress)
        desk.grew.connect(self._grow)
        desk.answered.connect(self._end)
        desk.failed.connect(self._fail)

    def ask(self, settings: ChatSettings) -> None:
        """Ask for an answer to the branch on view."""
        self._n_before = 0
        begun = self._conversation.begin_answer()
        self._messages.begin_answer(shown(begun, self._conversation))
        self._ask(settings, "")

    def go_on(self, settings: ChatSettings) -> None:
        """Go on with the last answer, which ended too early."""
        self._n_before = int(self._conversation.branch[-1].stats.get("n_tokens", 0))
        begun = self._conversation.continue_answer()
        self._messages.begin_answer(shown(begun, self._conversation))
        self._ask(settings, begun.text)

    def stop(self) -> None:
        """Stop the answer, if one is under way; what has come of it is kept."""
        if self._desk.is_answering:
            self._composer.show_stopping()
            self._desk.stop()

    def stop_loading(self) -> None:
        """Stop loading the model, if one is being loaded."""
        if self._desk.state == "loading":
            self._desk.stop_loading()
            self._status.show_figures("", "Stopped")

    def _ask(self, settings: ChatSettings, continued: str) -> None:
        self._n_tokens = 0
        self._reading.begin()
        self._writing.begin()
        self._status.show_figures("", "")
        self._composer.show_answering(True)
        said = self._conversation.messages_for_engine(settings.system_prompt)
        self._desk.ask(
            Question(
                said,
                settings.sampling,
                settings.max_tokens,
                template=settings.template,
                stop_texts=list(settings.stop_texts),
                overflow=settings.overflow,
                continued=continued,
                key=self._conversation.key,
            )
        )

    def _show_progress(self, event: Progressed) -> None:
        is_over = bool(event.total) and event.done >= event.total and event.stage != "prefill"
        if is_over:
            self._status.show_figures("", "")
            return
        share = event.done / event.total if event.total else None
        left = self._reading.seconds_left(event.done, event.total) if event.stage == "prefill" else 0.0
        self._status.show_waiting(loading_words(event, left), share)

    def _grow(self, text: str, n_tokens: int) -> None:
        self._n_tokens = n_tokens
        self._conversation.grow_answer(text)
        self._messages.grow_answer(text)
        how_fast = self._writing.per_second(n_tokens)
        so_far = self._n_before + n_tokens
        self._status.show_figures(*figures({"tokens_per_second": how_fast, "n_tokens": so_far}))

    def _end(self, replied: Replied) -> None:
        stats = replied.stats()
        stats["n_tokens"] += self._n_before
        self._finish(replied.finish, stats)
        self._status.show_figures("", "")  # they stand under the answer now
        self.ended.emit(replied)

    def _fail(self, failed: Failed) -> None:
        is_stop = failed.kind == "cancelled"
        n_tokens = self._n_before + self._n_tokens
        how_fast = self._writing.per_second(self._n_tokens) if self._n_tokens else 0.0
        stats = {"n_tokens": n_tokens, "tokens_per_second": how_fast}
        self._finish("cancelled" if is_stop else "failed", stats)
        self._status.show_figures("", "Stopped" if is_stop and not n_tokens else "")
        self.failed.emit(failed)

    def _finish(self, finish: str, stats: Mapping[str, Any]) -> None:
        seconds = self._messages.thought_seconds
        kept = {**stats, **({"thought_seconds": round(seconds, 1)} if seconds else {})}
        whole = self._conversation.end_answer(finish, kept)
        if whole is not None:
            self._messages.end_answer(shown(whole, self._conversation))
        self._composer.show_answering(False)
