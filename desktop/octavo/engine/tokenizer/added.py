"""Added tokens: texts that become one token wherever they stand, before anything else is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Set

_PREFIX = 4


class AddedTokens:
    """Finds added tokens in text: longer ones first, then from the left, as llama.cpp does.

    Parameters
    ----------
    tokens : iterable of (text, id)
        Empty texts never match.
    strips_right : set of int
        Ids that swallow the white space after them.
    strips_left : set of int
        Ids that swallow the white space before them.
    """

    def __init__(
        self,
        tokens: Iterable[tuple[str, int]],
        *,
        strips_right: Set[int] = frozenset(),
        strips_left: Set[int] = frozenset(),
    ) -> None:
        self._strips_right = strips_right
        self._strips_left = strips_left
        # Thousands of tokens share a few beginnings ("<unused"): most texts hold none of those.
        self._by_prefix: dict[str, list[tuple[str, int]]] = {}
        for text, token in tokens:
            if text:
                self._by_prefix.setdefault(text[:_PREFIX], []).append((text, token))

    def present(self, text: str) -> list[tuple[str, int]]:
        """The tokens that occur in ``text``, longest (in bytes) first."""
        candidates = (each for prefix, group in self._by_prefix.items() if prefix in text for each in group)
        found = [each for each in candidates if each[0] in text]
        return sorted(found, key=lambda each: -len(each[0].encode()))

    def split(self, text: str) -> list[str | int]:
        """``text`` as stretches without added tokens, and the ids between them."""
        present = self.present(text)
        if not present:
            return [text] if text else []
        return self._parts(text, _places(text, present))

    def _parts(self, text: str, places: list[tuple[int, int, int]]) -> list[str | int]:
        parts: list[str | int] = []
        done = 0
        previous: int | None = None
        for start, end, token in [*places, (len(text), len(text), None)]:
            stretch = text[done:start]
            if previous in self._strips_right:
                stretch = stretch.lstrip(" \t\n\r\v\f")
            if token in self._strips_left:
                stretch = stretch.rstrip(" \t\n\r\v\f")
            if stretch:
                parts.append(stretch)
            if token is not None:
                parts.append(token)
            done, previous = end, token
        return parts


def _places(text: str, present: list[tuple[str, int]]) -> list[tuple[int, int, int]]:
    """Start, end and id of each match, in order; no two overlap."""
    taken = bytearray(len(text))
    places: list[tuple[int, int, int]] = []
    for needle, token in present:
        start = text.find(needle)
        while start >= 0:
            end = start + len(needle)
            overlap = taken.rfind(1, start, end)
            if overlap < 0:
                taken[start:end] = b"\1" * len(needle)
                places.append((start, end, token))
                start = text.find(needle, end)
            else:
                start = text.find(needle, overlap + 1)
    return sorted(places)
