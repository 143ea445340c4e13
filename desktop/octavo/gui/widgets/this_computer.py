"""Two lines on this computer: its processor and free memory, and what size of model is comfortable on it."""

from __future__ import annotations

from octavo.engine.estimate.comfortable import COMFORTABLE_SPEED, Comfortable
from octavo.gui.theme.fonts import BODY, SEMIBOLD, SMALL
from octavo.gui.widgets.card import Card, Icon, column, row
from octavo.gui.widgets.label import Label
from octavo.gui.wording import byte_count


class ThisComputer(Card):
    """A card for the foot of a page."""

    def __init__(self) -> None:
        self._machine = Label("", SMALL, tone="text2", elide=True)
        self._sentence = Label("", SMALL, tone="text2", wrap=True)
        head = row(Label("This computer", BODY, SEMIBOLD), self._machine, gap=12)
        super().__init__(Icon("cpu", "text3", 20), column(head, self._sentence, gap=4), across=True, gap=14)
        self.setAccessibleName("This computer")

    def show_machine(self, processor: str, free_bytes: int, total_bytes: int) -> None:
        """Show the processor in a few words and its memory."""
        memory = f"{byte_count(free_bytes)} of {byte_count(total_bytes)} free now"
        self._machine.show_text(" · ".join(each for each in (processor, memory) if each))

    def show_comfortable(self, size: Comfortable) -> None:
        """Say what it is good for."""
        text = comfortable_sentence(size)
        self._sentence.show_text(text)
        self.setAccessibleDescription(text)


def comfortable_sentence(size: Comfortable) -> str:
    """One plain sentence; ``Models of up to 4 billion parameters …``."""
    if size.fitting < 100_000_000:
        return "Little memory is free: close other programs before you load a model."
    fitting = _billions(size.fitting)
    if not size.quick:
        return f"Models of up to {fitting} parameters fit comfortably in 4 bits (Q4_K_M)."
    if size.quick >= 0.9 * size.fitting:
        return f"Models of up to {fitting} parameters run comfortably in 4 bits (Q4_K_M)."
    return (
        f"Models of up to {_billions(size.quick)} parameters in 4 bits (Q4_K_M) write {COMFORTABLE_SPEED:.0f} tokens "
        f"or more a second; up to {fitting} fit, and write more slowly."
    )


def _billions(n: int) -> str:
    """``4 billion``, ``1.5 billion``, ``300 million``: one or two figures, because more would only look exact."""
    if n < 1_000_000_000:
        return f"{round(n, -8) // 1_000_000} million"
    value = n / 1e9
    return f"{value:.1f}".removesuffix(".0") + " billion" if value < 3 else f"{value:.0f} billion"
