"""How much of the model's context the conversation takes, counted while it is written."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from octavo.gui.chat_desk import ChatDesk
from octavo.gui.conversation import Conversation
from octavo.gui.pages.chat_options import ChatOptions
from octavo.gui.widgets.chat_status import ChatStatus
from octavo.gui.widgets.composer import Composer
from octavo.gui.widgets.message_list import MessageList
from octavo.worker.protocol import TokenCount

TYPING_MS = 200


class ChatContext(QObject):
    """Asks the engine for the count a moment after the last change; the meter and the messages show it."""

    def __init__(
        self,
        desk: ChatDesk,
        conversation: Conversation,
        options: ChatOptions,
        messages: MessageList,
        status: ChatStatus,
        composer: Composer,
    ) -> None:
        super().__init__(messages)
        self._desk, self._conversation, self._options = desk, conversation, options
        self._messages, self._status, self._composer = messages, status, composer
        self._costs: dict[str, int] = {}  # tokens of files, by their text
        self._asked: list[str] = []
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(self._count)
        composer.text_changed.connect(self._typing.start)
        composer.files_changed.connect(self._typing.start)
        options.changed.connect(self._note_options)
        desk.measured.connect(self._show_count)
        desk.answered.connect(self._typing.start)
        desk.failed.connect(self._typing.start)
        desk.state_changed.connect(self._note_model)
        status.meter.policy_chosen.connect(options.choose_overflow)

    def show_used(self, used: int) -> None:
        """Show that so many tokens of the context are taken."""
        report = self._desk.report
        self._status.meter.show_tokens(used, report.context_tokens if report else 0)

    def _note_model(self) -> None:
        """Another model counts otherwise."""
        if self._desk.state != "ready":
            self._costs = {}
            self._show_costs()
        self._note_options()

    def _note_options(self) -> None:
        self._status.meter.show_policy(self._options.settings.overflow)
        self._typing.start()

    def _count(self) -> None:
        """Ask how many tokens the conversation takes with what is being written."""
        message = self._composer.message
        if self._desk.is_answering or not (message or self._conversation.branch):
            return
        chosen = self._options.settings
        texts = [each.as_markdown for each in self._composer.files]
        unknown = [text for text in dict.fromkeys(texts) if text not in self._costs]
        is_asked = self._desk.count(
            self._conversation.messages_for_engine(chosen.system_prompt, message),
            template=chosen.template,
            overflow=chosen.overflow,
            max_tokens=chosen.max_tokens,
            texts=unknown,
        )
        if is_asked:
            self._asked = unknown

    def _show_costs(self) -> None:
        for chip in self._composer.chips:
            chip.show_cost(self._costs.get(chip.file.as_markdown, 0))

    def _show_count(self, counted: TokenCount) -> None:
        self._costs.update(zip(self._asked, counted.text_tokens, strict=False))
        self._show_costs()
        report = self._desk.report
        total = report.context_tokens if report else 0
        used = counted.sent_tokens or counted.tokens
        self._status.meter.show_tokens(used, total, counted.n_dropped)
        dropped = self._conversation.branch[: counted.n_dropped]
        self._messages.show_unsent({each.id for each in dropped})
