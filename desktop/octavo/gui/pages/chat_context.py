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
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(self._count)
        composer.text_changed.connect(self._typing.start)
        composer.files_changed.connect(self._typing.start)
        options.changed.connect(self._note_options)
        desk.measured.connect(self._show_count)
        desk.state_changed.connect(self._note_options)
        status.meter.policy_chosen.connect(options.choose_overflow)

    def show_used(self, used: int) -> None:
        """Show that so many tokens of the context are taken."""
        report = self._desk.report
        self._status.meter.show_tokens(used, report.context_tokens if report else 0)

    def _note_options(self) -> None:
        self._status.meter.show_policy(self._options.settings.overflow)
        self._typing.start()

    def _count(self) -> None:
        """Ask how many tokens the conversation takes with what is being written."""
        message = self._composer.message
        if self._desk.is_answering or not (message or self._conversation.branch):
            return
        chosen = self._options.settings
        self._desk.count(
            self._conversation.messages_for_engine(chosen.system_prompt, message),
            template=chosen.template,
            overflow=chosen.overflow,
            max_tokens=chosen.max_tokens,
        )

    def _show_count(self, counted: TokenCount) -> None:
        report = self._desk.report
        total = report.context_tokens if report else 0
        used = counted.sent_tokens or counted.tokens
        self._status.meter.show_tokens(used, total, counted.n_dropped)
        dropped = self._conversation.branch[: counted.n_dropped]
        self._messages.show_unsent({each.id for each in dropped})
