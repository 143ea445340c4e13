"""What a message of a chat has, whoever wrote it: its place, its height, what can be done with it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QEnterEvent, QGuiApplication
from PySide6.QtWidgets import QGraphicsOpacityEffect, QTextEdit, QWidget

from octavo.gui.widgets.message_actions import MessageActions
from octavo.gui.widgets.message_editor import MessageEditor

DIMMED = 0.45
# A longer text would make the field that it is edited in slow.
MOST_EDITED = 100_000


@dataclass(frozen=True)
class ShownMessage:
    """A message as it is shown.

    Parameters
    ----------
    id : int
        Of the store.
    role : str
        ``user`` or ``assistant``.
    text : str
    footer : str
        Figures under an answer.
    branch, n_branches : int
        Which of how many messages in the same place of the conversation it is.
    can_continue : bool
        Whether it is an answer that ended too early.
    thought_seconds : float
        How long the model thought before it answered; 0 where that is not known.
    """

    id: int
    role: str
    text: str
    footer: str = ""
    branch: int = 1
    n_branches: int = 1
    can_continue: bool = False
    thought_seconds: float = 0.0


class MessageView(QWidget):
    """The common part of questions and answers; ``fit`` gives it a width and says how high it is then.

    All signals carry the message's id first.
    """

    resized = Signal()
    text_made = Signal(QTextEdit)
    again_asked = Signal(int)
    continue_asked = Signal(int)
    edited = Signal(int, str)
    branch_asked = Signal(int, int)
    deletion_asked = Signal(int)

    def __init__(self, message: ShownMessage) -> None:
        super().__init__()
        self.message_id = message.id
        self._is_question = message.role == "user"
        self.tools = MessageActions(message.role)
        self.tools.setParent(self)
        self.tools.edit.setVisible(len(message.text) <= MOST_EDITED)
        self.editor: MessageEditor | None = None
        self.tools.copy_asked.connect(self.copy)
        self.tools.edit_asked.connect(self.begin_edit)
        self.tools.again_asked.connect(self._ask_again)
        self.tools.continue_asked.connect(self._ask_continue)
        self.tools.branch_asked.connect(self._ask_branch)
        self.tools.deletion_asked.connect(self._ask_deletion)

    @property
    def source(self) -> str:
        """The text as it was written."""
        raise NotImplementedError

    @property
    def texts(self) -> list[QTextEdit]:
        """The parts that hold its text, from top to bottom."""
        raise NotImplementedError

    def show_state(self, message: ShownMessage) -> None:
        """Show what goes with the text: figures, the branch, what can be done."""
        raise NotImplementedError

    def fit(self, width: int) -> int:
        """Arrange the contents for ``width`` pixels; the height they take, pixels."""
        raise NotImplementedError

    def unfold(self) -> None:
        """Open what is folded."""

    def show_sent(self, is_sent: bool) -> None:
        """Look pale if the message will not be sent to the model."""
        if is_sent == (self.graphicsEffect() is None):
            return
        if is_sent:
            # Qt takes None for no effect; the stub does not say so.
            self.setGraphicsEffect(None)  # type: ignore[arg-type]
        else:
            effect = QGraphicsOpacityEffect(self)
            effect.setOpacity(DIMMED)
            self.setGraphicsEffect(effect)
        self.setToolTip("" if is_sent else "No longer sent to the model: the context is full.")

    def copy(self) -> None:
        """Put the source on the clipboard."""
        QGuiApplication.clipboard().setText(self.source)

    def begin_edit(self) -> None:
        """Offer the text for editing, in its place."""
        if self.editor is None and len(self.source) <= MOST_EDITED:
            self.editor = MessageEditor(self.source, "Send" if self._is_question else "Save")
            self.editor.setParent(self)
            self.editor.sent.connect(self._tell_edit)
            self.editor.cancelled.connect(self.end_edit)
            self.editor.resized.connect(self.resized)
            self._show_editing(True)
            self.editor.show()
            self.resized.emit()
            self.editor.edit.setFocus()

    def end_edit(self) -> None:
        """Leave the text as it was."""
        if self.editor is not None:
            self.editor.hide()
            self.editor.deleteLater()
            self.editor = None
            self._show_editing(False)
            self.resized.emit()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.tools.light(True)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.tools.light(False)

    def _show_editing(self, is_editing: bool) -> None:
        """Make room for the editor, or take it back."""
        raise NotImplementedError

    def _tell_edit(self, text: str) -> None:
        self.edited.emit(self.message_id, text)

    def _ask_again(self) -> None:
        self.again_asked.emit(self.message_id)

    def _ask_continue(self) -> None:
        self.continue_asked.emit(self.message_id)

    def _ask_deletion(self) -> None:
        self.deletion_asked.emit(self.message_id)

    def _ask_branch(self, step: int) -> None:
        self.branch_asked.emit(self.message_id, step)
