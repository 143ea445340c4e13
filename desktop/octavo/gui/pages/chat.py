"""Chat with a model: conversations at the left, the one on view at the right."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from octavo.gui.chat_desk import ChatDesk, Question
from octavo.gui.conversation import Conversation
from octavo.gui.pages.chat_words import as_markdown, days_of, figures, footer, loading_words
from octavo.gui.pages.open_link import ask_to_open
from octavo.gui.widgets.card import Line
from octavo.gui.widgets.chat_header import ChatHeader
from octavo.gui.widgets.chat_list import ChatList
from octavo.gui.widgets.chat_status import ChatStatus
from octavo.gui.widgets.composer import Composer
from octavo.gui.widgets.message_list import MessageList
from octavo.gui.widgets.message_view import ShownMessage
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.gui.widgets.sampling_popover import ANY_SEED, ChatOptions, SamplingPopover
from octavo.gui.wording import context
from octavo.gui.workspace import Workspace
from octavo.store.chats import ChatMessage
from octavo.worker.protocol import Failed, Load, Progressed, Replied

SMALLER_CONTEXT = 4096


class ChatPage(QWidget):
    """The page of conversations."""

    file_asked = Signal()
    smaller_asked = Signal(str)

    def __init__(self, workspace: Workspace, desk: ChatDesk, conversation: Conversation) -> None:
        super().__init__()
        self.setObjectName("page")
        self._workspace, self._desk, self._conversation = workspace, desk, conversation
        self._chats, self._header, self._messages = ChatList(), ChatHeader(), MessageList()
        self._status, self._composer, self._problem = ChatStatus(), Composer(), ProblemCard()
        self._options = SamplingPopover(self, self._saved_options())
        self._path = ""
        self._retry_context = 0
        self._n_tokens = 0
        self._deleted: int | None = None
        self._arrange()
        self._connect()
        self._show_chats()
        self._show_model()

    def chat_with(self, path: str) -> None:
        """Load the model at ``path`` for the chat on view."""
        self._path = path
        settings = self._workspace.settings
        model = self._workspace.model(path)
        longest = model.card.hyperparameters.context_length if model and model.card else 0
        # 0 lets the engine choose: the model's own context, as far as it fits.
        tokens = min(settings.context_tokens, longest)
        self._problem.hide()
        self._desk.load(
            Load(path=path, context_tokens=tokens, kv_type=settings.kv_type, n_threads=settings.n_threads)
        )

    def begin_new(self) -> None:
        """Show an empty chat and wait for the first question."""
        self.stop()
        self._conversation.begin_new()
        self._show_conversation()
        self._composer.edit.setFocus()

    def stop(self) -> None:
        """Stop the answer; the window does so at once, whatever the engine still does."""
        if self._desk.is_answering:
            self._desk.stop()

    def focus_message(self) -> None:
        """Put the keyboard into the message field."""
        self._composer.edit.setFocus()

    def _arrange(self) -> None:
        main = QWidget()
        column = QVBoxLayout(main)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._header)
        column.addWidget(Line())
        column.addWidget(self._messages, 1)
        foot = QVBoxLayout()
        foot.setContentsMargins(64, 0, 64, 18)
        foot.setSpacing(6)
        foot.addWidget(self._problem)
        foot.addWidget(self._status)
        foot.addWidget(self._composer)
        column.addLayout(foot)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._chats)
        layout.addWidget(Line(upright=True))
        layout.addWidget(main, 1)

    def _connect(self) -> None:
        self._chats.chosen.connect(self._open_chat)
        self._chats.new_asked.connect(self.begin_new)
        self._header.model_chosen.connect(self.chat_with)
        self._header.file_asked.connect(self.file_asked)
        self._header.options_asked.connect(self._open_options)
        self._header.copy_asked.connect(self._copy_conversation)
        self._header.export_asked.connect(self._export)
        self._header.deletion_asked.connect(self._delete)
        self._composer.sent.connect(self._ask)
        self._composer.stop_asked.connect(self.stop)
        self._composer.prompt_asked.connect(self._open_prompt)
        self._options.changed.connect(self._keep_options)
        self._messages.link_asked.connect(self._open_link)
        self._messages.again_asked.connect(self._ask_again)
        self._messages.branch_asked.connect(self._show_branch)
        self._problem.primary.clicked.connect(self._take_primary)
        self._problem.secondary.clicked.connect(self._ask_smaller)
        self._conversation.chats_changed.connect(self._show_chats)
        self._desk.state_changed.connect(self._show_model)
        self._desk.progressed.connect(self._show_progress)
        self._desk.grew.connect(self._grow)
        self._desk.answered.connect(self._end)
        self._desk.failed.connect(self._fail)
        self._workspace.models_changed.connect(self._show_model)
        self._workspace.model_changed.connect(self._show_model)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._composer.edit.setFocus()

    # The list and the conversation.

    def _show_chats(self) -> None:
        chat = self._conversation.chat
        self._chats.show_chats(days_of(self._conversation.chats(), datetime.now()), chat.id if chat else None)
        self._header.show_title(chat.title if chat else "New chat")

    def _open_chat(self, chat_id: int) -> None:
        self.stop()
        self._conversation.open(chat_id)
        self._show_conversation()
        chat = self._conversation.chat
        if chat is not None and self._workspace.model(chat.model_path) and self._desk.state == "empty":
            self.chat_with(chat.model_path)

    def _show_conversation(self) -> None:
        self._problem.hide()
        self._show_chats()
        self._messages.show_messages([self._shown(each) for each in self._conversation.branch])
        answers = [each for each in self._conversation.branch if each.role == "assistant" and each.stats]
        self._status.show_figures(*figures(answers[-1].stats) if answers else ("", ""))
        self._show_context(int(answers[-1].stats.get("context_used", 0)) if answers else 0)

    def _shown(self, message: ChatMessage) -> ShownMessage:
        place, n_branches = 1, 1
        if message.role == "assistant":
            ids = self._conversation.siblings(message)
            place, n_branches = ids.index(message.id) + 1, len(ids)
        return ShownMessage(message.id, message.role, message.text, footer(message), place, n_branches)

    def _show_branch(self, message_id: int, step: int) -> None:
        self._conversation.show_sibling(message_id, step)
        self._show_conversation()

    def _delete(self) -> None:
        self.stop()
        self._deleted = self._conversation.delete()
        self._show_conversation()
        if self._deleted is not None:
            self._problem.show_problem("The chat was deleted.", primary="Undo")

    def _copy_conversation(self) -> None:
        QGuiApplication.clipboard().setText(as_markdown(self._conversation))

    def _export(self) -> None:
        dialog = QFileDialog(self, "Export the chat", "chat.md", "Markdown (*.md)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.fileSelected.connect(self._write_export)
        dialog.open()

    def _write_export(self, name: str) -> None:
        try:
            Path(name).write_text(as_markdown(self._conversation), "utf-8")
        except OSError as error:
            self._problem.show_problem(f"{name} could not be written.", f"{error.strerror}.")

    def _open_link(self, target: str) -> None:
        ask_to_open(self, target)

    # Questions and answers.

    def _ask(self, text: str) -> None:
        if not self._path:
            self._composer.write(text)
            self._problem.show_problem("No model is chosen.", "Choose one at the top right, then send again.")
            return
        asked = self._conversation.add_question(text, self._path, self._options.options.system_prompt)
        self._messages.add_message(self._shown(asked))
        self._answer()

    def _ask_again(self, message_id: int) -> None:
        if self._desk.is_answering or not self._path:
            return
        self._conversation.step_back(message_id)
        self._messages.show_messages([self._shown(each) for each in self._conversation.branch])
        self._answer()

    def _answer(self) -> None:
        """Ask the engine for an answer to the branch on view."""
        self._problem.hide()
        options = self._options.options
        begun = self._conversation.begin_answer()
        question = Question(
            self._conversation.messages_for_engine(options.system_prompt),
            sampling_of(options),
            options.max_tokens,
        )
        self._n_tokens = 0
        self._messages.begin_answer(self._shown(begun))
        self._composer.show_answering(True)
        self._desk.ask(question)

    def _grow(self, text: str, n_tokens: int) -> None:
        self._n_tokens = n_tokens
        self._conversation.grow_answer(text)
        self._messages.grow_answer(text)
        self._status.show_figures("", f"{n_tokens} tokens")

    def _end(self, replied: Replied) -> None:
        stats = {
            "tokens_per_second": replied.tokens_per_second,
            "n_tokens": len(replied.tokens),
            "first_token_seconds": replied.first_token_seconds,
            "prompt_tokens": replied.prompt_tokens,
            "reused_tokens": replied.reused_tokens,
            "context_used": replied.context_used,
        }
        self._finish(replied.finish, stats)
        self._status.show_figures(*figures(stats))
        self._show_context(replied.context_used)
        self._workspace.show_loaded(replied.measured_rss_bytes)

    def _finish(self, finish: str, stats: dict[str, float | int]) -> None:
        whole = self._conversation.end_answer(finish, stats)
        if whole is not None:
            self._messages.end_answer(self._shown(whole))
        self._composer.show_answering(False)

    def _fail(self, failed: Failed) -> None:
        self._finish("cancelled" if failed.kind == "cancelled" else "failed", {"n_tokens": self._n_tokens})
        self._status.show_figures("", "Stopped" if failed.kind == "cancelled" else "")
        if failed.kind == "cancelled":
            return
        is_memory = failed.kind == "not_enough_memory" or "memory" in failed.message
        retry = f"Restart with {context(SMALLER_CONTEXT)} context" if is_memory else "Try again"
        saved = " This chat is saved." if self._conversation.chat else ""
        self._problem.show_problem(
            failed.message,
            f"{failed.hint}{saved}".strip(),
            primary=retry,
            secondary="Choose a smaller format" if is_memory else "",
            details=failed.details,
        )
        self._retry_context = SMALLER_CONTEXT if is_memory else 0

    def _take_primary(self) -> None:
        """Undo the deletion, or load the model again and repeat the last question."""
        self._problem.hide()
        if self._deleted is not None:
            self._conversation.restore(self._deleted)
            self._deleted = None
            self._show_conversation()
            return
        self._desk.load_again(self._retry_context)
        if self._conversation.branch and self._conversation.branch[-1].finish == "failed":
            self._ask_again(self._conversation.branch[-1].id)

    def _ask_smaller(self) -> None:
        self._problem.hide()
        self.smaller_asked.emit(self._path)

    # The model and its state.

    def _show_model(self) -> None:
        models = self._workspace.models
        self._header.show_choices([(each.path, each.name) for each in models if each.card is not None])
        model = self._workspace.model(self._path)
        name = f"{model.name} · {model.type_name}" if model else "Choose a model"
        self._header.chip.show_model(name, self._desk.state if model else "empty")
        report = self._desk.report
        if self._desk.state == "ready" and report is not None:
            self._workspace.show_loaded(report.measured_rss_bytes)
            if not self._desk.is_answering:
                self._status.show_figures("", f"Loaded in {report.load_seconds:.1f} s")
            self._show_context(0)
        elif self._desk.state == "stopped":
            self._workspace.show_loaded(0)

    def _show_progress(self, event: Progressed) -> None:
        share = event.done / event.total if event.total else None
        self._status.show_waiting(loading_words(event), share)

    def _show_context(self, used: int) -> None:
        report = self._desk.report
        self._status.show_context(used, report.context_tokens if report else 0)

    # How it answers.

    def _saved_options(self) -> ChatOptions:
        kept = self._workspace.settings
        return ChatOptions(
            kept.system_prompt, kept.temperature, kept.top_k, kept.top_p, kept.min_p, kept.max_tokens
        )

    def _keep_options(self) -> None:
        chosen = self._options.options
        self._workspace.change_settings(
            system_prompt=chosen.system_prompt,
            temperature=chosen.temperature,
            top_k=chosen.top_k,
            top_p=chosen.top_p,
            min_p=chosen.min_p,
            max_tokens=chosen.max_tokens,
        )

    def _open_options(self) -> None:
        self._options.open_above(self._header.options)

    def _open_prompt(self) -> None:
        self._options.open_above(self._header.options, focus_prompt=True)


def sampling_of(options: ChatOptions) -> dict[str, float | int | None]:
    """The options as fields of ``inference.sampling.Sampling``."""
    return {
        "temperature": options.temperature,
        "top_k": options.top_k,
        "top_p": options.top_p,
        "min_p": options.min_p,
        "seed": None if options.seed == ANY_SEED else options.seed,
    }
