"""One way to run a model as a line: name, memory bar, total, verdict."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent

from octavo.gui.theme.fonts import BODY, MEDIUM, SEMIBOLD, SMALL, font
from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.choice_card import ChoiceCard, shows_focus
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.memory_bar import MemoryBar, Part
from octavo.gui.widgets.pill import VerdictPill
from octavo.gui.wording import byte_count

NAME_WIDTH, TOTAL_WIDTH, SPEED_WIDTH, VERDICT_WIDTH = 76, 64, 80, 88
ENOUGH_WIDTH = 440


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
        self._speed = Label("", SMALL, tone="text2")
        self._speed.setFixedWidth(SPEED_WIDTH)
        self._speed.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.body.setContentsMargins(0, 3, 0, 3)
        self.body.setSpacing(10)
        self.body.addWidget(self._name)
        self.body.addWidget(self._bar, 1)
        self.body.addWidget(self._total)
        self.body.addWidget(self._speed)
        place = Label()
        place.setFixedWidth(VERDICT_WIDTH)
        self._verdict.setParent(place)
        place.setFixedHeight(self._verdict.height())
        self.body.addWidget(place)
        self.toggled.connect(self._weigh)

    def show_fit(
        self,
        parts: Sequence[Part],
        whole: int,
        free: int,
        total: str,
        verdict: str,
        sentence: str,
        speed: str = "",
    ) -> None:
        """Show what is needed on a bar as long as ``whole`` bytes, with a mark at ``free``."""
        self._bar.show_parts(parts, whole, free)
        self._total.show_text(total)
        self._verdict.show_verdict(verdict)
        self._verdict.adjustSize()
        self._speed.show_text(speed)
        self.setAccessibleName(", ".join(each for each in (f"{self.name}: {total}", speed, verdict) if each))
        self.setAccessibleDescription(sentence)
        told = ", ".join(f"{each.name} {byte_count(each.n_bytes)}" for each in parts)
        self.setToolTip(f"{sentence}\n{told}" if total and parts else sentence)

    def minimumSizeHint(self) -> QSize:
        # In a narrow window the speed gives way; it stands in the card of figures too.
        least = super().minimumSizeHint()
        return least if self._speed.isHidden() else QSize(least.width() - SPEED_WIDTH, least.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._speed.setVisible(event.size().width() >= ENOUGH_WIDTH)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.hasFocus() and shows_focus(self):
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(colour("accent"), 1.5))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)

    def _weigh(self, is_on: bool) -> None:
        self._name.setFont(font(BODY, SEMIBOLD if is_on else MEDIUM))
