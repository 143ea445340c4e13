"""Texts that end an answer before they are shown."""

from __future__ import annotations

from collections.abc import Sequence

from octavo.engine.errors import OctavoError


class StopTexts:
    """Lets text through up to the first of some texts; what may be the beginning of one waits.

    Parameters
    ----------
    texts : sequence of str
        None empty.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        if not all(texts):
            raise OctavoError("A text that ends the answer cannot be empty.", "Give one or more characters.")
        self._texts = tuple(texts)
        self._waiting = ""
        self.is_found = False

    def push(self, text: str) -> str:
        """What of all text so far is sure to be shown, and has not been given out yet."""
        if not self._texts:
            return text
        self._waiting += text
        places = [place for each in self._texts if (place := self._waiting.find(each)) >= 0]
        if places:
            self.is_found = True
            shown, self._waiting = self._waiting[: min(places)], ""
            return shown
        n_sure = len(self._waiting) - self._n_uncertain()
        shown, self._waiting = self._waiting[:n_sure], self._waiting[n_sure:]
        return shown

    def flush(self) -> str:
        """What waited in vain, at the end of the answer."""
        shown, self._waiting = self._waiting, ""
        return shown

    def _n_uncertain(self) -> int:
        """Characters at the end that one of the texts begins with."""
        longest = max(map(len, self._texts)) - 1
        for n in range(min(longest, len(self._waiting)), 0, -1):
            end = self._waiting[-n:]
            if any(each.startswith(end) for each in self._texts):
                return n
        return 0
