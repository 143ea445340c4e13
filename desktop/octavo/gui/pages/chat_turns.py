"""Turns of the conversation: asked, answered again, gone on with, edited, stepped between, tried again."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from octavo.engine.errors import OctavoError
from octavo.gui.chat_desk import ChatDesk
from octavo.gui.conversation import Conversation
from octavo.gui.pages.answering import Answering
from octavo.gui.pages.chat_model import ChatModel
from octavo.gui.pages.chat_options import ChatOptions
from octavo.gui.pages.chat_words import shown
from octavo.gui.pages.failures import SMALLER_CONTEXT, TEMPLATE_FAILURES, show_failure
from octavo.gui.widgets.composer import Composer
from octavo.gui.widgets.message_list import MessageList
from octavo.gui.widgets.notice_bar import NoticeBar
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.store.chat_records import ANSWER
from octavo.worker.protocol import Failed


class ChatTurns(QObject):
    """What the user does with messages; ``branch_changed`` carries whether the view stays where it is."""

    begun = Signal()
    branch_changed = Signal(bool)
    smaller_asked = Signal(str)

    def __init__(
        self,
        desk: ChatDesk,
        conversation: Conversation,
        messages: MessageList,
        composer: Composer,
        answering: Answering,
        model: ChatModel,
        options: ChatOptions,
        problem: ProblemCard,
        notice: NoticeBar,
    ) -> None:
        super().__init__(messages)
        self._desk, self._conversation, self._messages = desk, conversation, messages
        self._composer, self._answering, self._model, self._options = composer, answering, model, options
        self._problem, self._notice = problem, notice
        self._retry: Failed | None = None
        composer.sent.connect(self.ask)
        composer.edit.recall_asked.connect(self.edit_last)
        messages.maker.again_asked.connect(self.ask_again)
        messages.maker.continue_asked.connect(self.go_on)
        messages.maker.branch_asked.connect(self.step)
        messages.maker.edited.connect(self.edit)
        model.chosen.connect(self.hide_problem)
        problem.primary.clicked.connect(self._try_again)
        problem.secondary.clicked.connect(self._ask_smaller)
        answering.failed.connect(self._fail)

    def ask(self, text: str) -> None:
        """Keep a question and have it answered."""
        if not self._has_model():
            self._composer.write(text)
            return
        self._model.load_as_wanted()
        prompt = self._options.settings.system_prompt
        if self._kept(lambda: self._conversation.add_question(text, self._model.path, prompt)):
            asked = self._conversation.branch[-1]
            self._messages.add_message(shown(asked, self._conversation))
            self._answer()
        else:
            self._composer.write(text)

    def ask_again(self, message_id: int) -> None:
        """Another answer in the place of this one, or one to this question."""
        if self._is_free() and self._has_model():
            if self._conversation.tree[message_id].role == ANSWER:
                self._conversation.step_back(message_id)
            self.branch_changed.emit(False)
            self._answer()

    def ask_last_again(self) -> None:
        """Another answer to the last question."""
        if self._conversation.branch:
            self.ask_again(self._conversation.branch[-1].id)

    def go_on(self, message_id: int) -> None:
        """Go on with the last answer, which ended too early."""
        branch = self._conversation.branch
        if self._is_free() and self._has_model() and branch and branch[-1].id == message_id:
            self._answer(goes_on=True)

    def edit(self, message_id: int, text: str) -> None:
        """Keep an edited message as a branch; a question is asked anew."""
        if not self._is_free() or not self._kept(lambda: self._conversation.edit(message_id, text)):
            return
        is_question = self._conversation.branch[-1].role != ANSWER
        self.branch_changed.emit(not is_question)
        if is_question and self._has_model():
            self._answer()

    def edit_last(self) -> None:
        """Offer the last question for editing."""
        roles = [each.role for each in self._conversation.branch]
        if "user" in roles and self._is_free():
            number = len(roles) - 1 - roles[::-1].index("user")
            self._messages.reveal(number)
            self._messages.view(number).begin_edit()

    def step(self, message_id: int, step: int) -> None:
        """Show the branch of the previous or next message in this place."""
        if self._is_free() and self._kept(lambda: self._conversation.show_sibling(message_id, step)):
            self.hide_problem()
            self.branch_changed.emit(True)

    def hide_problem(self) -> None:
        """What went wrong is no longer of interest."""
        self._retry = None
        self._problem.hide()

    def _answer(self, *, goes_on: bool = False) -> None:
        self.hide_problem()
        self.begun.emit()
        self._model.load_as_wanted()
        ask = self._answering.go_on if goes_on else self._answering.ask
        self._kept(lambda: ask(self._options.settings))

    def _is_free(self) -> bool:
        """Whether no answer is under way; else the user is told."""
        if self._desk.is_answering:
            self._notice.tell("Stop the answer first: press Esc.")
        return not self._desk.is_answering

    def _has_model(self) -> bool:
        chat = self._conversation.chat
        if chat is not None:
            self._model.adopt(chat.model_path)
        if not self._model.path:
            self._problem.show_problem("No model is chosen.", "Choose one at the top right, then send again.")
        return bool(self._model.path)

    def _kept(self, keep: Callable[[], object]) -> bool:
        """Do what writes to the disk; where it cannot be written the user is told."""
        try:
            keep()
        except OctavoError as error:
            self._problem.show_problem(error.message, error.hint)
            return False
        return True

    def _fail(self, failed: Failed) -> None:
        if failed.kind != "cancelled":
            self._retry = failed
            show_failure(
                self._problem,
                failed,
                is_saved=self._conversation.chat is not None,
                has_own_template=bool(self._options.settings.template),
            )
            if failed.kind == "crash" and self._unfinished() is not None:
                self._problem.primary.show_text("Restart and continue")

    def _try_again(self) -> None:
        """Do what the first button of the problem says, and repeat the question that failed."""
        failed, self._retry = self._retry, None
        if failed is None:
            return
        self.hide_problem()
        if failed.kind in TEMPLATE_FAILURES:
            # Where the user's own fails, the model's own may do.
            if self._options.settings.template:
                self._options.use_template("")
            else:
                self._options.use_built_in_template()
        elif failed.kind == "context_full":
            self._options.choose_overflow("drop_oldest")
        else:
            self._desk.load_again(SMALLER_CONTEXT if failed.kind == "not_enough_memory" else 0)
        branch, unfinished = self._conversation.branch, self._unfinished()
        if failed.kind == "crash" and unfinished is not None:
            self.go_on(unfinished)
        elif branch and branch[-1].finish == "failed":
            self.ask_again(branch[-1].id)

    def _unfinished(self) -> int | None:
        """The answer that can be gone on with, if the conversation ends in one."""
        branch = self._conversation.branch
        return branch[-1].id if branch and branch[-1].can_continue else None

    def _ask_smaller(self) -> None:
        self.hide_problem()
        self.smaller_asked.emit(self._model.path)
