"""How full the model's context is, and what happens when it is full."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QActionGroup, QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu

from octavo.gui.theme.fonts import SMALL
from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.button import Button
from octavo.gui.wording import count

NEARLY_FULL = 0.9
BAR = 3
POLICIES = {
    "stop": "When it is full: stop and say so",
    "drop_oldest": "When it is full: leave out the oldest messages",
}


class ContextMeter(Button):
    """A figure with a bar under it; opens a menu of policies. ``policy_chosen`` carries one of ``POLICIES``."""

    policy_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__("", "meter", height=24, size=SMALL)
        self._share = 0.0
        self._tone = "accent"
        menu = QMenu(self)
        group = QActionGroup(menu)
        self._actions = {}
        for policy, text in POLICIES.items():
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setData(policy)
            group.addAction(action)
            self._actions[policy] = action
        group.triggered.connect(lambda action: self.policy_chosen.emit(action.data()))
        self.setMenu(menu)
        self.show_policy("stop")
        self.hide()

    def show_policy(self, policy: str) -> None:
        """Mark the policy that is chosen."""
        self._actions[policy].setChecked(True)

    def show_tokens(self, used: int, total: int, n_unsent: int = 0) -> None:
        """Show how much of the context is taken, tokens; hidden while no model is loaded."""
        taken = f"{count(used)} of {count(total)}" if used else f"of {count(total)} tokens"
        told = f"Context {taken}"
        if n_unsent:
            told = f"{n_unsent} oldest left out · {told}"
        self._share = min(used / total, 1.0) if total else 0.0
        is_over, is_near = used > total > 0, total > 0 and used > NEARLY_FULL * total
        self._tone = "danger" if is_over and not n_unsent else "warn" if is_near or is_over else "accent"
        self.show_text(told, f"{told}: choose what happens when it is full")
        tip = "More than the model can take in." if is_over and not n_unsent else ""
        self.setToolTip(tip or "What happens when the context is full")
        self.setVisible(bool(total))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        line = QRectF(8, self.height() - BAR, self.width() - 16, BAR)
        painter.setBrush(colour("track"))
        painter.drawRoundedRect(line, BAR / 2, BAR / 2)
        if self._share:
            line.setWidth(max(line.width() * self._share, BAR))
            painter.setBrush(colour(self._tone))
            painter.drawRoundedRect(line, BAR / 2, BAR / 2)
