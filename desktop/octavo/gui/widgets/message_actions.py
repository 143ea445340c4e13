"""The line under a message: quiet buttons that show themselves to the mouse and the keyboard, branches, figures."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Signal
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from octavo.gui.theme.fonts import SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import row
from octavo.gui.widgets.label import Label

HEIGHT = 28
ICON = 14
# How far the drawing of a button is from its edge.
EDGE = 6


class QuietButton(Button):
    """A button that is only drawn while its line is lit."""

    def __init__(self, icon_name: str, name: str) -> None:
        super().__init__("", "ghost", icon_name, name=name, height=HEIGHT, icon_pixels=ICON)
        self.is_lit = False

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.is_lit:
            super().paintEvent(event)


class MessageActions(QWidget):
    """Everything that can be done with one message; ``branch_asked`` carries -1 or 1."""

    copy_asked = Signal()
    edit_asked = Signal()
    again_asked = Signal()
    continue_asked = Signal()
    raw_asked = Signal()
    deletion_asked = Signal()
    branch_asked = Signal(int)

    def __init__(self, role: str) -> None:
        super().__init__()
        is_answer = role == "assistant"
        what = "answer" if is_answer else "message"
        self._is_under_mouse = self._is_last = False
        self._is_answer, self._has_branches = is_answer, False
        self.copy = QuietButton("copy", f"Copy {what}")
        self.edit = QuietButton("pencil", f"Edit {what}")
        self.again = QuietButton("refresh-cw", "Answer again" if is_answer else "Answer this message")
        self.go_on = QuietButton("step-forward", "Continue the answer")
        self.raw = QuietButton("code-xml", "Show the source")
        self.delete = QuietButton("trash-2", f"Delete this {what} and all below it")
        self.older = Button("‹", "ghost", name=f"Previous {what} here", height=HEIGHT, size=SMALL)
        self.newer = Button("›", "ghost", name=f"Next {what} here", height=HEIGHT, size=SMALL)
        for arrow in (self.older, self.newer):
            arrow.setFixedWidth(HEIGHT)
            arrow.setProperty("bare", True)
        self.branch = Label("", SMALL, tone="text3")
        self.footer = Label("", SMALL, tone="text3", elide=True)
        # The same figures where the buttons would be, while these are not drawn.
        self._quiet_footer = Label("", SMALL, tone="text3", elide=True)
        self._quiet_footer.setParent(self)
        self._quiet_footer.hide()
        self.raw.setCheckable(True)
        self._quiet = [self.copy, self.edit, self.again, self.go_on, self.raw, self.delete]
        branches = row(self.older, self.branch, self.newer, gap=0)
        if is_answer:
            layout = row(*self._quiet, branches, gap=2)
            layout.addSpacing(6)
            layout.addWidget(self.footer, 1)
        else:
            self.footer.hide()
            layout = row(None, *self._quiet, branches, gap=2)
        self.setLayout(layout)
        self.again.setVisible(is_answer)
        self.raw.setVisible(is_answer)
        for button, asked in (
            (self.copy, self.copy_asked),
            (self.edit, self.edit_asked),
            (self.again, self.again_asked),
            (self.go_on, self.continue_asked),
            (self.raw, self.raw_asked),
            (self.delete, self.deletion_asked),
        ):
            button.clicked.connect(asked)
            button.installEventFilter(self)
        self.older.clicked.connect(self._ask_older)
        self.newer.clicked.connect(self._ask_newer)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), HEIGHT)

    def show_state(self, *, footer: str, branch: int, n_branches: int, can_continue: bool) -> None:
        """Show the figures, the branch, and what can be done."""
        self.footer.show_text(footer)
        self._quiet_footer.show_text(footer)
        self._has_branches = n_branches > 1
        self.branch.show_text(f"{branch}/{n_branches}")
        self.branch.setAccessibleName(f"Branch {branch} of {n_branches}")
        for each in (self.older, self.newer, self.branch):
            each.setVisible(n_branches > 1)
        self.older.setEnabled(branch > 1)
        self.newer.setEnabled(branch < n_branches)
        self.go_on.setVisible(can_continue)
        self._draw()

    def show_last(self, is_last: bool) -> None:
        """The last message's buttons are always seen; a question that is the last has no answer yet."""
        self._is_last = is_last
        self.again.setVisible(self._is_answer or is_last)
        self._draw()

    def light(self, is_under_mouse: bool) -> None:
        """The mouse came or went."""
        self._is_under_mouse = is_under_mouse
        self._draw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._quiet_footer.setGeometry(EDGE, 0, self.width() - EDGE, self.height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._draw()
        return super().eventFilter(watched, event)

    def _draw(self) -> None:
        is_lit = self._is_last or self._is_under_mouse or any(each.hasFocus() for each in self._quiet)
        is_apart = self._is_answer and not is_lit and not self._has_branches
        self._quiet_footer.setVisible(is_apart)
        self.footer.setVisible(self._is_answer and not is_apart)
        for each in self._quiet:
            if each.is_lit != is_lit:
                each.is_lit = is_lit
                each.update()

    def _ask_older(self) -> None:
        self.branch_asked.emit(-1)

    def _ask_newer(self) -> None:
        self.branch_asked.emit(1)
