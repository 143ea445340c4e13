"""Sentences that refuse a file: one line, short, and free of the file's own control characters."""

from __future__ import annotations

from pathlib import Path

from octavo.engine.errors import UnreadableModel, UnsupportedModel

_LONGEST = 300
# Zero-width and bidirectional marks, line separators, byte order mark, tags: they make text look like other text.
_DISGUISES = (
    (0x00AD, 0x00AD),
    (0x061C, 0x061C),
    (0x200B, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
    (0xE0000, 0xE0FFF),
)


def shown(text: str, limit: int = 80) -> str:
    """``text`` from a file, fit for a message: unprintable and disguising characters escaped, cut short."""
    cut = text[:limit]
    plain = "".join(letter if _is_plain(letter) else ascii(letter)[1:-1] for letter in cut)
    return plain + ("…" if len(text) > limit else "")


def _is_plain(letter: str) -> bool:
    code = ord(letter)
    return letter.isprintable() and not any(low <= code <= high for low, high in _DISGUISES)


def unreadable(path: Path, reason: str, hint: str = "") -> UnreadableModel:
    """The error that says why the file at ``path`` cannot be read."""
    return UnreadableModel(_sentence(path, reason), hint)


def unsupported(path: Path, reason: str, hint: str = "") -> UnsupportedModel:
    """The error that says why the model at ``path`` is of a kind not known yet."""
    return UnsupportedModel(_sentence(path, reason), hint)


def _sentence(path: Path, reason: str) -> str:
    sentence = f"{shown(path.name or str(path), 100)}: {reason}"
    return sentence if len(sentence) <= _LONGEST else sentence[: _LONGEST - 1] + "…"
