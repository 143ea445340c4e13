"""The line over the composer: speed and tokens of the last answer, memory and context, what is awaited."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from octavo.gui.theme.fonts import MEDIUM, SMALL
from octavo.gui.widgets.card import row
from octavo.gui.widgets.context_meter import ContextMeter
from octavo.gui.widgets.job_card import ProgressLine
from octavo.gui.widgets.label import Label
from octavo.gui.wording import byte_count


class ChatStatus(QWidget):
    """Figures at the left, context at the right, a progress line while something is awaited."""

    def __init__(self) -> None:
        super().__init__()
        self._speed = Label("", SMALL, MEDIUM, "text2")
        self._tokens = Label("", SMALL, tone="text2")
        self._memory = Label("", SMALL, tone="text3", elide=True)
        self._memory.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.meter = ContextMeter()
        # The line is there before a model is: nothing jumps when one gets ready.
        policy = self.meter.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.meter.setSizePolicy(policy)
        self._line = ProgressLine("Waiting")
        self._line.setFixedHeight(3)
        self._line.hide()
        line = row(gap=8)
        line.addWidget(self._speed)
        line.addWidget(self._tokens)
        line.addWidget(self._memory, 1)
        line.addWidget(self.meter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 0, 0, 6)
        layout.setSpacing(4)
        layout.addLayout(line)
        layout.addWidget(self._line)

    def show_figures(self, speed: str, tokens: str) -> None:
        """Show speed and length of an answer."""
        self._line.hide()
        self._memory.show()
        self._speed.show_text(speed)
        self._tokens.show_text(f"·  {tokens}" if speed and tokens else tokens)

    def show_waiting(self, text: str, share: float | None) -> None:
        """Say what is awaited; ``share`` None is of unknown length."""
        self._speed.show_text(text)
        self._tokens.show_text("")
        self._memory.hide()
        self._line.setVisible(share is not None)
        if share is not None:
            self._line.show_share(share)

    def show_memory(self, predicted_bytes: int, measured_bytes: int) -> None:
        """Show what the model was expected to need beside what it takes; nothing while none is loaded."""
        predicted, measured = byte_count(predicted_bytes), byte_count(measured_bytes)
        told = f"Memory predicted {predicted}, measured {measured}"
        self._memory.show_text(f"{told}  ·" if measured_bytes else "")
