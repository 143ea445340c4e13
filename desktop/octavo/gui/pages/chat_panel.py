"""The conversation on view: questions go to the engine, answers stream in, problems offer a way on."""

from __future__ import annotations

import time

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from octavo.gui.chat_desk import ChatDesk, Question
from octavo.gui.conversation import Conversation
from octavo.gui.pages.chat_options import keep_options, kept_options, sampling_of
from octavo.gui.pages.chat_words import figures, footer, loading_words, stats_of
from octavo.gui.pages.open_link import ask_to_open
from octavo.gui.widgets.card import Line
from octavo.gui.widgets.chat_header import ChatHeader
from octavo.gui.widgets.chat_status import ChatStatus
from octavo.gui.widgets.composer import Composer
from octavo.gui.widgets.message_list import MessageList
from octavo.gui.widgets.message_view import ShownMessage
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.gui.widgets.sampling_popover import SamplingPopover
from octavo.gui.wording import context
from octavo.gui.workspace import Workspace
from octavo.store.chats import ChatMessage
from octavo.worker.protocol import Failed, Load, Progressed, Replied

SMALLER_CONTEXT = 4096
SIDE = 64
SETTLED_SECONDS = 0.5
TYPING_MS = 300


class ChatPanel(QWidget):
    """Header, messages, status and composer of one chat."""

    smaller_asked = Signal(str)

    def __init__(self, workspace: Workspace, desk: ChatDesk, conversation: Conversation) -> None:
        super().__init__()
        self._workspace, self._desk, self._conversation = workspace, desk, conversation
        self.header, self.problem, self.composer = ChatHeader(), ProblemCard(), Composer()
        self._messages, self._status = MessageList(), ChatStatus()
        self._options = SamplingPopover(self, kept_options(workspace.settings))
        self._path = ""
        self._n_tokens = 0
        self._first_piece = (0.0, 0)
        self._retry: Failed | None = None
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._arrange()
        self._connect()
        self._show_model()

    def chat_with(self, path: str) -> None:
        """Load the model at ``path`` for the chat on view."""
        self._path = path
        self._workspace.select(path)
        settings = self._workspace.settings
        model = self._workspace.model(path)
        longest = model.card.hyperparameters.context_length if model and model.card else 0
        # 0 lets the engine choose: the model's own context, as far as it fits.
        tokens = min(settings.context_tokens, longest)
        self._hide_problem()
        self._desk.load(
            Load(path=path, context_tokens=tokens, kv_type=settings.kv_type, n_threads=settings.n_threads)
        )

    def propose(self, path: str) -> None:
        """Use the model at ``path`` for a chat that has no model yet; it is loaded once something is typed."""
        model = self._workspace.model(path)
        is_free = not self._path or not self._conversation.branch
        if model is not None and model.card is not None and is_free and not self._desk.is_answering:
            self._path = path
            self._show_model()

    def show_conversation(self) -> None:
        """Show the branch of the conversation as it stands."""
        self._hide_problem()
        chat = self._conversation.chat
        self.header.show_title(chat.title if chat else "New chat")
        self._messages.show_messages([self._shown(each) for each in self._conversation.branch])
        self._show_last_figures()

    def stop(self) -> None:
        """Stop the answer, if one is under way."""
        if self._desk.is_answering:
            self._desk.stop()

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        foot = QVBoxLayout()
        foot.setContentsMargins(SIDE, 0, SIDE, 18)
        foot.setSpacing(6)
        for widget in (self.problem, self._status, self.composer):
            foot.addWidget(widget)
        column.addWidget(self.header)
        column.addWidget(Line())
        column.addWidget(self._messages, 1)
        column.addLayout(foot)

    def _connect(self) -> None:
        self.header.model_chosen.connect(self.chat_with)
        self.header.options_asked.connect(self._open_options)
        self.composer.sent.connect(self._ask)
        self.composer.stop_asked.connect(self.stop)
        self.composer.text_changed.connect(self._typing.start)
        self.composer.text_changed.connect(self._load_proposed)
        self._typing.timeout.connect(self._count)
        self._desk.counted.connect(self._show_context)
        self.composer.prompt_asked.connect(self._open_prompt)
        self._options.changed.connect(self._keep_options)
        self._messages.link_asked.connect(self._open_link)
        self._messages.again_asked.connect(self._ask_again)
        self._messages.branch_asked.connect(self._show_branch)
        self.problem.primary.clicked.connect(self._try_again)
        self.problem.secondary.clicked.connect(self._ask_smaller)
        self._desk.state_changed.connect(self._show_model)
        self._desk.progressed.connect(self._show_progress)
        self._desk.grew.connect(self._grow)
        self._desk.answered.connect(self._end)
        self._desk.failed.connect(self._fail)
        self._workspace.models_changed.connect(self._show_model)
        self._workspace.model_changed.connect(self._show_model)

    def _shown(self, message: ChatMessage) -> ShownMessage:
        place, n_branches = 1, 1
        if message.role == "assistant":
            ids = self._conversation.siblings(message)
            place, n_branches = ids.index(message.id) + 1, len(ids)
        return ShownMessage(message.id, message.role, message.text, footer(message), place, n_branches)

    def _show_branch(self, message_id: int, step: int) -> None:
        if not self._desk.is_answering:
            self._conversation.show_sibling(message_id, step)
            self.show_conversation()

    def _open_link(self, target: str) -> None:
        ask_to_open(self, target)

    def _load_proposed(self) -> None:
        """Load the model on view, unless it is the one that is loaded or has failed."""
        if self._path and self._path != self._desk.path and self.composer.text:
            self.chat_with(self._path)

    def _count(self) -> None:
        """Ask how many tokens the conversation takes with what is being written."""
        if self.composer.text and not self._desk.is_answering:
            prompt = self._options.options.system_prompt
            self._desk.count(self._conversation.messages_for_engine(prompt, self.composer.text))

    def _ask(self, text: str) -> None:
        if not self._path:
            self.composer.write(text)
            self.problem.show_problem("No model is chosen.", "Choose one at the top right, then send again.")
            return
        if self._path != self._desk.path:
            self.chat_with(self._path)
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
        self._hide_problem()
        options = self._options.options
        begun = self._conversation.begin_answer()
        said = self._conversation.messages_for_engine(options.system_prompt)
        self._n_tokens = 0
        self._messages.begin_answer(self._shown(begun))
        self.composer.show_answering(True)
        self._desk.ask(Question(said, sampling_of(options), options.max_tokens))

    def _grow(self, text: str, n_tokens: int) -> None:
        if not self._n_tokens:
            self._first_piece = (time.monotonic(), n_tokens)
        self._n_tokens = n_tokens
        self._conversation.grow_answer(text)
        self._messages.grow_answer(text)
        started, n_before = self._first_piece
        seconds = time.monotonic() - started
        how_fast = (n_tokens - n_before) / seconds if seconds > SETTLED_SECONDS else 0.0
        self._status.show_figures(*figures({"tokens_per_second": how_fast, "n_tokens": n_tokens}))

    def _end(self, replied: Replied) -> None:
        stats = stats_of(replied)
        self._finish(replied.finish, stats)
        self._status.show_figures(*figures(stats))
        self._show_context(replied.context_used)
        self._show_memory(replied.measured_rss_bytes)

    def _finish(self, finish: str, stats: dict[str, float]) -> None:
        whole = self._conversation.end_answer(finish, stats)
        if whole is not None:
            self._messages.end_answer(self._shown(whole))
        self.composer.show_answering(False)

    def _fail(self, failed: Failed) -> None:
        self._finish("cancelled" if failed.kind == "cancelled" else "failed", {"n_tokens": self._n_tokens})
        self._status.show_figures("", "Stopped" if failed.kind == "cancelled" else "")
        if failed.kind == "cancelled":
            return
        self._retry = failed
        is_memory = failed.kind == "not_enough_memory"
        retry = f"Restart with {context(SMALLER_CONTEXT)} context" if is_memory else "Try again"
        saved = "This chat is saved." if self._conversation.chat else ""
        self.problem.show_problem(
            failed.message,
            f"{failed.hint} {saved}".strip(),
            primary="Restart the engine" if failed.kind == "crash" else retry,
            secondary="Choose a smaller format" if is_memory else "",
            details=failed.details,
        )

    def _try_again(self) -> None:
        """Load the model again, and repeat the question that failed."""
        failed, self._retry = self._retry, None
        if failed is None:
            return
        self._hide_problem()
        self._desk.load_again(SMALLER_CONTEXT if failed.kind == "not_enough_memory" else 0)
        branch = self._conversation.branch
        if branch and branch[-1].finish == "failed":
            self._ask_again(branch[-1].id)

    def _hide_problem(self) -> None:
        self._retry = None
        self.problem.hide()

    def _ask_smaller(self) -> None:
        self._hide_problem()
        self.smaller_asked.emit(self._path)

    def _show_model(self) -> None:
        models = self._workspace.models
        self.header.show_choices([(each.path, each.name) for each in models if each.card is not None])
        model = self._workspace.model(self._path)
        name = f"{model.name} · {model.type_name}" if model else "Choose a model"
        is_its = model is not None and self._path == self._desk.path
        self.header.chip.show_model(name, self._desk.state if is_its else "empty")
        report = self._desk.report
        if self._desk.state == "ready" and report is not None:
            self._show_memory(report.measured_rss_bytes)
            if not self._desk.is_answering:
                self._show_last_figures()
        elif self._desk.state == "stopped":
            self._show_memory(0)

    def _show_memory(self, measured_bytes: int) -> None:
        """Show what the loaded model takes, beside what was predicted of it."""
        report = self._desk.report
        self._workspace.show_loaded(measured_bytes)
        self._status.show_memory(report.predicted_bytes if report else 0, measured_bytes)

    def _show_last_figures(self) -> None:
        """Show the figures of the last answer on view."""
        answers = [each for each in self._conversation.branch if each.role == "assistant" and each.stats]
        stats = answers[-1].stats if answers else {}
        self._status.show_figures(*figures(stats))
        self._show_context(int(stats.get("context_used", 0)))

    def _show_progress(self, event: Progressed) -> None:
        is_over = bool(event.total) and event.done >= event.total and event.stage != "prefill"
        if is_over:
            self._status.show_figures("", "")
        else:
            share = event.done / event.total if event.total else None
            self._status.show_waiting(loading_words(event), share)

    def _show_context(self, used: int) -> None:
        report = self._desk.report
        self._status.show_context(used, report.context_tokens if report else 0)

    def _keep_options(self) -> None:
        keep_options(self._workspace, self._options.options)

    def _open_options(self) -> None:
        self._options.open_above(self.header.options)

    def _open_prompt(self) -> None:
        self._options.open_above(self.header.options, focus_prompt=True)
