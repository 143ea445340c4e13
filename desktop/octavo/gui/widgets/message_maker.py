"""Makes the widgets of a message; what is asked of any of them comes out of one place."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QTextEdit

from octavo.gui.widgets.answer_message import AnswerMessage
from octavo.gui.widgets.message_view import MessageView, ShownMessage
from octavo.gui.widgets.question_view import QuestionView


class MessageMaker(QObject):
    """The signals of all messages it has made; they carry the message's id first."""

    link_asked = Signal(str)
    again_asked = Signal(int)
    continue_asked = Signal(int)
    edited = Signal(int, str)
    branch_asked = Signal(int, int)
    deletion_asked = Signal(int)
    resized = Signal()
    text_made = Signal(QTextEdit)

    def make(self, message: ShownMessage) -> MessageView:
        """The widgets of ``message``."""
        view: MessageView
        if message.role == "user":
            view = QuestionView(message)
        else:
            view = answer = AnswerMessage(message)
            answer.link_asked.connect(self.link_asked)
        view.again_asked.connect(self.again_asked)
        view.continue_asked.connect(self.continue_asked)
        view.edited.connect(self.edited)
        view.branch_asked.connect(self.branch_asked)
        view.deletion_asked.connect(self.deletion_asked)
        view.resized.connect(self.resized)
        view.text_made.connect(self.text_made)
        for part in view.texts:
            self.text_made.emit(part)
        return view
