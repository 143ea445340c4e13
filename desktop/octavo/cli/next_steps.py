"""What somebody may want to do with a copy that was just made, as commands to be copied."""

from __future__ import annotations

import shlex
from collections.abc import Sequence


def next_steps(source: str, outputs: Sequence[str]) -> list[tuple[str, str]]:
    """A name and a command for each step; of several copies, the first stands for all."""
    copy, original = shlex.quote(outputs[0]), shlex.quote(source)
    which = "it" if len(outputs) == 1 else "one"
    return [
        (f"Chat with {which}", f"octavo chat {copy}"),
        (f"Measure {which}", f"octavo measure {copy} --reference {original}"),
    ]
