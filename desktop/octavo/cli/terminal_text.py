"""Text from models and files, made safe for a terminal.

Control characters and escape sequences could move the cursor, recolour or rename the window; marks that
turn the direction of writing or take no width make text look like other text. The first are removed, the
second shown by number, and a letter carries eight accents at most.
"""

from __future__ import annotations

import re
import unicodedata

MAX_MARKS = 8
# ECMA-48: CSI with its parameters, then strings (OSC, DCS, SOS, PM, APC) up to their end, then other escapes.
_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Direction, zero width and tags; the joiners U+200C and U+200D are left, because scripts and emoji need them.
_DISGUISES = re.compile(
    "[\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


def safe(text: str) -> str:
    """``text`` without what a terminal would obey; line feeds and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    plain = _CONTROLS.sub("", _SEQUENCES.sub("", text.replace("\r\n", "\n")))
    return _with_few_marks(_DISGUISES.sub(lambda match: f"<U+{ord(match[0]):04X}>", plain))


def _with_few_marks(text: str) -> str:
    if text.isascii():
        return text
    kept, n_marks = [], 0
    for letter in text:
        n_marks = n_marks + 1 if unicodedata.category(letter) in ("Mn", "Me") else 0
        if n_marks <= MAX_MARKS:
            kept.append(letter)
    return "".join(kept)
