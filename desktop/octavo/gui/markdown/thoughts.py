"""Tells what a model thought from what it answered: ``<think>…</think>`` at the beginning of an answer.

Qwen3, DeepSeek-R1 and their kin write so; their chat templates name the two marks.
"""

from __future__ import annotations

OPEN, CLOSE = "<think>", "</think>"


class ThoughtSplitter:
    """Splits text that arrives in pieces; the pieces' borders make no difference."""

    def __init__(self) -> None:
        self._held = ""
        self._part = "beginning"

    @property
    def is_thinking(self) -> bool:
        """Whether a thought has begun and not ended."""
        return self._part == "thought"

    def feed(self, text: str) -> tuple[str, str]:
        """What of ``text``, and of what was held back, is thought and what is answer."""
        self._held += text
        thought = ""
        if self._part == "beginning":
            self._decide()
        if self._part == "thought":
            thought = self._take_thought()
        if self._part == "gap":
            self._held = self._held.lstrip("\n")
            self._part = "answer" if self._held else "gap"
        if self._part != "answer":
            return thought, ""
        answer, self._held = self._held, ""
        return thought, answer

    def flush(self) -> tuple[str, str]:
        """What is still held back, at the end."""
        held, self._held = self._held, ""
        return (held, "") if self.is_thinking else ("", held)

    def _decide(self) -> None:
        start = self._held.lstrip()
        if start.startswith(OPEN):
            self._held, self._part = start.removeprefix(OPEN), "thought"
        elif not OPEN.startswith(start):
            self._part = "answer"

    def _take_thought(self) -> str:
        thought, mark, rest = self._held.partition(CLOSE)
        if mark:
            self._held, self._part = rest, "gap"
            return thought
        # The end may be the beginning of the closing mark.
        n_held = next((n for n in range(len(CLOSE) - 1, 0, -1) if thought.endswith(CLOSE[:n])), 0)
        cut = len(thought) - n_held
        self._held = thought[cut:]
        return thought[:cut]
