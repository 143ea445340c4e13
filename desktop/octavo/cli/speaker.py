"""A loaded model speaking on standard output, until it has said all or Ctrl-C stops it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from octavo.cli import figures, progress
from octavo.cli.ctrl_c import stopped_by_ctrl_c
from octavo.cli.output import print_line, print_note, write
from octavo.engine.errors import OctavoError
from octavo.engine.progress import Progress

if TYPE_CHECKING:
    from octavo.cli.kept_chat import KeptChat
    from octavo.worker.loaded_model import LoadedModel
    from octavo.worker.protocol import Replied

_MORE_ROOM = "Give it a longer --context, let --overflow drop_oldest leave turns out, or begin anew (/new)."


class Speaker:
    """Lets a loaded model speak on standard output.

    Parameters
    ----------
    sampling : dict
        Fields of ``Sampling``.
    stop_texts : sequence of str
        An answer ends before the first of these.
    overflow : str
        Where a conversation outgrows the context: ``stop`` or ``drop_oldest``.
    is_silent : bool
        Say nothing on standard output; the whole answer is wanted only.
    """

    def __init__(
        self,
        model: LoadedModel,
        sampling: dict[str, Any],
        max_tokens: int,
        *,
        stop_texts: Sequence[str] = (),
        overflow: Literal["stop", "drop_oldest"] = "stop",
        is_silent: bool = False,
    ) -> None:
        self._model = model
        self._sampling = sampling
        self._max_tokens = max_tokens
        self._stop_texts = list(stop_texts)
        self._overflow = overflow
        self._is_silent = is_silent

    def continue_raw(self, prompt: str) -> Replied:
        """Continue a prompt that is written out in full."""
        return self._answer(self._model.raw_ids(prompt), lambda text: None)

    def answer(self, kept: KeptChat, question: str) -> Replied:
        """Answer the next question of a conversation, which is kept before.

        Raises
        ------
        OctavoError
            The conversation outgrew the context, or the template refuses it; the question is then none of it.
        """
        from msgspec.structs import replace

        from octavo.worker.fitted_messages import ContextFull
        from octavo.worker.protocol import Chat

        messages = [*kept.messages, {"role": "user", "content": question}]
        try:
            fitted = self._model.fit(
                Chat(messages=messages, max_tokens=self._max_tokens, overflow=self._overflow)
            )
        except ContextFull as error:
            raise OctavoError(error.message, _MORE_ROOM) from error
        ids = self._model.prompt_ids(fitted.messages)
        if fitted.n_dropped:
            print_note(f"The context is full: the {fitted.n_dropped} oldest messages are not sent.")
        kept.ask(question)
        try:
            replied = replace(self._answer(ids, kept.grow), n_dropped=fitted.n_dropped)
        except BaseException:
            kept.break_off()
            raise
        kept.end(replied)
        return replied

    def _answer(self, ids: Sequence[int], heard: Callable[[str], None]) -> Replied:
        """Answer as it comes; Ctrl-C ends the answer, and what there is of it counts."""
        status = progress.StatusLine()
        with (
            stopped_by_ctrl_c() as stop,
            contextlib.closing(
                self._model.reply(ids, self._sampling, self._max_tokens, stop, self._stop_texts)
            ) as reply,
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
                heard(step.text)
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
