"""Deleting a chat or a message, and bringing it back as long as nothing else was deleted."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from octavo.engine.errors import OctavoError
from octavo.gui.conversation import Conversation
from octavo.gui.widgets.notice_bar import NoticeBar
from octavo.gui.widgets.problem_card import ProblemCard


class ChatDeletion(QObject):
    """Puts things in the trash and offers to undo that; ``changed`` says that the chat on view is another one."""

    changed = Signal()

    def __init__(
        self, parent: QObject, conversation: Conversation, notice: NoticeBar, problem: ProblemCard
    ) -> None:
        super().__init__(parent)
        self._conversation, self._notice, self._problem = conversation, notice, problem
        self._undo: Callable[[], None] | None = None

    def delete_chat(self, chat_id: int) -> None:
        """Put a chat in the trash."""
        chat = self._conversation.chat
        is_on_view = chat is not None and chat.id == chat_id
        if self._try(self._conversation.delete if is_on_view else lambda: self._put(chat_id)):
            if is_on_view:
                self.changed.emit()
            self._offer("The chat is in the trash.", lambda: self._conversation.restore(chat_id))

    def delete_message(self, message_id: int) -> None:
        """Put a message in the trash with all below it; the only first message takes its chat with it."""
        talk = self._conversation
        if talk.chat is None or message_id not in talk.tree:
            return
        if talk.tree[message_id].parent_id is None and len(talk.tree.siblings(message_id)) == 1:
            self.delete_chat(talk.chat.id)
            return
        chat_id, n_before = talk.chat.id, len(talk.tree)
        gone: list[float] = []
        if self._try(lambda: gone.append(talk.delete_message(message_id))):
            self.changed.emit()
            n_gone = n_before - len(talk.tree)
            what = "The message is" if n_gone == 1 else f"{n_gone} messages are"

            def bring_back() -> None:
                if talk.chat is None or talk.chat.id != chat_id:
                    talk.open(chat_id)
                talk.restore_messages(message_id, gone[0])

            self._offer(f"{what} in the trash.", bring_back)

    def undo(self) -> None:
        """Bring back what was deleted last."""
        undo, self._undo = self._undo, None
        if undo is not None and self._try(undo):
            self.changed.emit()

    def forget(self) -> None:
        """What was deleted cannot be brought back from here any more."""
        if self._undo is not None:
            self._undo = None
            self._notice.hide()

    def _put(self, chat_id: int) -> None:
        self._conversation.store.trash.put(chat_id)
        self._conversation.chats_changed.emit()

    def _offer(self, told: str, undo: Callable[[], None]) -> None:
        self._undo = undo
        self._notice.tell(told, "Undo", self.undo)

    def _try(self, change: Callable[[], object]) -> bool:
        try:
            change()
        except OctavoError as error:
            self._problem.show_problem(error.message, error.hint)
            return False
        return True
