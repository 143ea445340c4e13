"""A loaded model speaking on standard output, until it has said all or Ctrl-C stops it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from octavo.cli import figures, progress
from octavo.cli.ctrl_c import stopped_by_ctrl_c
from octavo.cli.output import print_line, print_note, write
from octavo.engine.progress import Progress

if TYPE_CHECKING:
    from octavo.worker.loaded_model import LoadedModel
    from octavo.worker.protocol import Replied


class Speaker:
    """Lets a loaded model speak on standard output.

    Parameters
    ----------
    sampling : dict
        Fields of ``Sampling``.
    is_silent : bool
        Say nothing on standard output; the whole answer is wanted only.
    """

    def __init__(
        self, model: LoadedModel, sampling: dict[str, Any], max_tokens: int, *, is_silent: bool = False
    ) -> None:
        self._model = model
        self._sampling = sampling
        self._max_tokens = max_tokens
        self._is_silent = is_silent

    def ids(self, messages: Sequence[dict[str, str]]) -> list[int]:
        """The tokens of a conversation."""
        return self._model.prompt_ids(messages)

    def raw_ids(self, prompt: str) -> list[int]:
        """The tokens of a prompt written out in full."""
        return self._model.raw_ids(prompt)

    def answer(self, ids: Sequence[int]) -> Replied:
        """Answer as it comes; Ctrl-C ends the answer, and what there is of it counts."""
        status = progress.StatusLine()
        with (
            stopped_by_ctrl_c() as stop,
            contextlib.closing(self._model.reply(ids, self._sampling, self._max_tokens, stop)) as reply,
        ):
            while True:
                try:
                    step = next(reply)
                except StopIteration as end:
                    replied: Replied = end.value
                    break
                if isinstance(step, Progress):
                    status.show(f"Reading {figures.count(step.done)} of {figures.count(step.total)} tokens")
                    continue
                status.clear()
                if not self._is_silent:
                    write(step.text)
            status.clear()
        if not self._is_silent:
            print_line()
            print_note(_summary(replied))
        return replied


def _summary(replied: Replied) -> str:
    parts = [
        f"{figures.count(len(replied.tokens))} tokens",
        figures.speed(replied.tokens_per_second),
        f"first after {figures.seconds(replied.first_token_seconds)}",
    ]
    endings = {"length": "cut at the longest length", "cancelled": "stopped"}
    return f"[{', '.join([*parts, *filter(None, [endings.get(replied.finish)])])}]"
