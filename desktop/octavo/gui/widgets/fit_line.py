"""One way to run a model as a line: name, memory bar, total, verdict."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen

from octavo.gui.theme.fonts import BODY, MEDIUM, SEMIBOLD, font
from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.choice_card import ChoiceCard
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.memory_bar import MemoryBar, Part
from octavo.gui.widgets.pill import VerdictPill

NAME_WIDTH, TOTAL_WIDTH, VERDICT_WIDTH = 86, 68, 92


class FitLine(ChoiceCard):
    """A line that can be chosen to read more about it."""

    def __init__(self, name: str) -> None:
        super().__init__(padding=0)
        self.name = name
        self._name = Label(name[:1].upper() + name[1:], BODY, MEDIUM, elide=True)
        self._name.setFixedWidth(NAME_WIDTH)
        self._bar = MemoryBar(16)
        self._total = Label("", BODY, SEMIBOLD)
        self._total.setFixedWidth(TOTAL_WIDTH)
        self._total.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._verdict = VerdictPill()
        self.body.setContentsMargins(0, 3, 0, 3)
        self.body.addWidget(self._name)
        self.body.addWidget(self._bar, 1)
        self.body.addWidget(self._total)
        place = Label()
        place.setFixedWidth(VERDICT_WIDTH)
        self._verdict.setParent(place)
        place.setFixedHeight(self._verdict.height())
        self.body.addWidget(place)
        self.toggled.connect(self._weigh)

    def show_fit(
        self, parts: Sequence[Part], whole: int, free: int, total: str, verdict: str, sentence: str
    ) -> None:
        """Show what is needed on a bar as long as ``whole`` bytes, with a mark at ``free``."""
        self._bar.show_parts(parts, whole, free)
        self._total.show_text(total)
        self._verdict.show_verdict(verdict)
        self._verdict.adjustSize()
        self.setAccessibleName(f"{self.name}: {total}, {verdict}")
        self.setAccessibleDescription(sentence)
        self.setToolTip(sentence)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.hasFocus() and self._shows_focus():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(colour("accent"), 1.5))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)

    def _weigh(self, is_on: bool) -> None:
        self._name.setFont(font(BODY, SEMIBOLD if is_on else MEDIUM))
