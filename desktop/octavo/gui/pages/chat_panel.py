"""The conversation on view: header, messages, composer, and what can be done with each message."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from octavo.gui.chat_desk import ChatDesk
from octavo.gui.conversation import Conversation
from octavo.gui.markdown.clean_text import clean
from octavo.gui.pages.answering import Answering
from octavo.gui.pages.chat_context import ChatContext
from octavo.gui.pages.chat_files import ChatFiles
from octavo.gui.pages.chat_find import ChatFind
from octavo.gui.pages.chat_model import ChatModel
from octavo.gui.pages.chat_options import ChatOptions
from octavo.gui.pages.chat_turns import ChatTurns
from octavo.gui.pages.chat_words import shown
from octavo.gui.pages.open_link import ask_to_open
from octavo.gui.widgets.attached_file import may_be_attached
from octavo.gui.widgets.card import Line
from octavo.gui.widgets.chat_header import ChatHeader
from octavo.gui.widgets.chat_status import ChatStatus
from octavo.gui.widgets.composer import Composer
from octavo.gui.widgets.drop_zone import dropped_paths
from octavo.gui.widgets.empty_chat import EmptyChat
from octavo.gui.widgets.find_bar import FindBar
from octavo.gui.widgets.focus_keeper import FocusKeeper
from octavo.gui.widgets.message_list import MessageList, side_of
from octavo.gui.widgets.notice_bar import NoticeBar
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.gui.workspace import Workspace
from octavo.store.chat_records import INTERRUPTED
from octavo.worker.protocol import LoadReport, Replied


class ChatPanel(QWidget):
    """One chat."""

    deletion_asked = Signal(int)

    def __init__(self, workspace: Workspace, desk: ChatDesk, conversation: Conversation) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self._desk, self._conversation = desk, conversation
        self.header, self.composer = ChatHeader(), Composer()
        self.problem, self.notice = ProblemCard(), NoticeBar()
        self.messages, self.status, self.find_bar = MessageList(), ChatStatus(), FindBar()
        self.empty = EmptyChat()
        self.options = ChatOptions(self, workspace, conversation, self.problem)
        self.finding = ChatFind(self.find_bar, self.messages, self)
        self.files = ChatFiles(self, self.composer, self.problem)
        self.answering = Answering(desk, conversation, self.messages, self.status, self.composer)
        self.context = ChatContext(
            desk, conversation, self.options, self.messages, self.status, self.composer
        )
        self.model = ChatModel(workspace, desk, self.options, self.header, self.status)
        self.turns = ChatTurns(
            desk,
            conversation,
            self.messages,
            self.composer,
            self.answering,
            self.model,
            self.options,
            self.problem,
            self.notice,
        )
        self._known_templates: set[str] = set()
        self._arrange()
        self._connect()
        FocusKeeper(self, self.composer.edit)
        self._show_emptiness(True)

    def chat_with(self, path: str) -> None:
        """Load the model at ``path`` for the chat on view."""
        self.model.load(path)

    def propose(self, path: str) -> None:
        """Use the model at ``path`` for a chat that has no model yet; it is loaded once something is typed."""
        if not self.model.path or not self._conversation.branch:
            self.model.propose(path)

    def show_conversation(self) -> None:
        """Show the branch of the conversation as it stands, with the chat's own options."""
        self.turns.hide_problem()
        self.notice.hide()
        chat = self._conversation.chat
        self.header.show_title(chat.title if chat else "New chat")
        self.options.show_chat()
        self._show_branch_on_view()
        self._show_used()
        self._tell_of_interruption()

    def stop(self) -> None:
        """Stop the answer, if one is under way."""
        self.answering.stop()

    def stop_all(self) -> None:
        """Stop the answer, and the loading of a model too: what Esc and Stop do."""
        self.answering.stop()
        self.answering.stop_loading()

    def copy_last(self) -> None:
        """Put the last answer on the clipboard."""
        if self._conversation.branch:
            self.messages.view(len(self._conversation.branch) - 1).copy()

    def reveal_message(self, message_id: int) -> None:
        """Bring a message of the branch into view."""
        ids = [each.id for each in self._conversation.branch]
        if message_id in ids:
            self.messages.reveal(ids.index(message_id))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if may_be_attached(dropped_paths(event.mimeData())):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.files.take(dropped_paths(event.mimeData()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        side = side_of(self.width())
        self._foot.setContentsMargins(side, 0, side, 18)

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._foot = foot = QVBoxLayout()
        foot.setSpacing(6)
        for widget in (self.problem, self.notice, self.status, self.composer):
            foot.addWidget(widget)
        column.addWidget(self.header)
        column.addWidget(Line())
        column.addWidget(self.find_bar)
        column.addWidget(self.empty, 1)
        column.addWidget(self.messages, 1)
        column.addLayout(foot)

    def _connect(self) -> None:
        self.model.became_ready.connect(self._show_ready)
        self.turns.branch_changed.connect(self._show_branch)
        self.turns.begun.connect(self._begin_turn)
        self.empty.example_chosen.connect(self._write_example)
        self.empty.model_asked.connect(self.header.chip.showMenu)
        self.model.shown.connect(self.empty.show_model)
        self.header.options_asked.connect(self.open_options)
        self.find_bar.closed.connect(self.composer.edit.setFocus)
        self.composer.stop_asked.connect(self.stop_all)
        self.composer.text_changed.connect(self._load_proposed)
        self.composer.prompt_asked.connect(self._open_prompt)
        self.composer.edit.page_asked.connect(self.messages.turn_page)
        self.messages.maker.link_asked.connect(self._open_link)
        self.messages.maker.deletion_asked.connect(self._ask_deletion)
        self.answering.ended.connect(self._end)
        self._conversation.not_saved.connect(self._tell_not_saved)
        self._desk.loaded.connect(self._warn_of_template)

    def _show_branch(self, stays: bool) -> None:
        self._show_branch_on_view(stays=stays)
        self._show_used()

    def _begin_turn(self) -> None:
        self.notice.hide()
        self._show_emptiness(False)
        self.composer.edit.setFocus()

    def _show_emptiness(self, is_empty: bool) -> None:
        self.empty.setVisible(is_empty)
        self.messages.setVisible(not is_empty)

    def _write_example(self, text: str) -> None:
        self.composer.write(text)
        self.composer.edit.setFocus()
        self.composer.edit.moveCursor(QTextCursor.MoveOperation.End)

    def _ask_deletion(self, message_id: int) -> None:
        if not self._desk.is_answering:
            self.deletion_asked.emit(message_id)
        else:
            self.notice.tell("Stop the answer first: press Esc.")

    def _show_branch_on_view(self, *, stays: bool = False) -> None:
        self._show_emptiness(not self._conversation.branch)
        self.messages.show_unsent(())
        branch = [shown(each, self._conversation) for each in self._conversation.branch]
        self.messages.show_messages(branch, stays=stays)
        self.finding.find_again()

    def _open_link(self, target: str) -> None:
        ask_to_open(self, target)

    def _load_proposed(self, text: str) -> None:
        if text:
            self.model.load_proposed()

    def _show_ready(self) -> None:
        if not self._desk.is_answering:
            self._show_used()

    def _tell_of_interruption(self) -> None:
        """Offer to go on with an answer that the end of the program has cut off."""
        last = self._conversation.branch[-1] if self._conversation.branch else None
        if last is not None and last.finish == INTERRUPTED:
            told = "The last answer was cut off when Octavo ended."
            if last.can_continue:
                self.notice.tell(told, "Continue", partial(self.turns.go_on, last.id))
            else:
                self.notice.tell(told, "Answer again", partial(self.turns.ask_again, last.id))

    def _warn_of_template(self, report: LoadReport) -> None:
        """Tell once of a template that a person should look at before trusting it."""
        if report.template_findings and report.template not in self._known_templates:
            self._known_templates.add(report.template)
            self.notice.tell(clean(report.template_findings[0]), "Show it", self.options.show_template)

    def _tell_not_saved(self, told: str) -> None:
        self.problem.show_problem(told, "What you see can still be copied.")

    def _end(self, replied: Replied) -> None:
        self.context.show_used(replied.context_used)
        self.model.show_memory(replied.measured_rss_bytes)

    def _show_used(self) -> None:
        """Show how much of the context the last answer on view has used."""
        answers = [each for each in self._conversation.branch if each.role == "assistant" and each.stats]
        stats = answers[-1].stats if answers else {}
        self.status.show_figures("", "")
        self.context.show_used(int(stats.get("context_used", 0)))

    def open_options(self) -> None:
        """Open the chat's options."""
        self.options.open(self.header.options)

    def _open_prompt(self) -> None:
        self.options.open(self.header.options, focus_prompt=True)
