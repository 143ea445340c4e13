"""The result beside its source: as many tensors, the same prompt, and twenty words of each."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.errors import NotEnoughMemory, OctavoError
from octavo.engine.progress import Progress, Work, told_as

N_TOKENS = 20
_CONTEXT_TOKENS = 512
_QUESTION = [{"role": "user", "content": "Tell me about the sea."}]
_BEGINNING = "The sea is"

Result = TypeVar("Result")


@dataclass(frozen=True)
class Proof:
    """What was seen when the result was opened as a model.

    Parameters
    ----------
    tensors : int
        In the result.
    source_tensors : int
    template : str
        ``same`` if the chat template gives the same prompt as the source's, ``none`` if both have none,
        ``different`` otherwise.
    tokens_source, tokens_result : list of int
        What each says, always taking the likeliest token; empty if it could not be asked.
    first_difference : int or None
        The first of these that differs, counted from 0; None if none does.
    skipped : str
        Why one or both could not be asked; one sentence.
    text_source, text_result : str
    seconds : float
    """

    tensors: int
    source_tensors: int
    template: str
    tokens_source: list[int] = field(default_factory=list)
    tokens_result: list[int] = field(default_factory=list)
    first_difference: int | None = None
    skipped: str = ""
    text_source: str = ""
    text_result: str = ""
    seconds: float = 0.0


@dataclass
class Said:
    """What a model said to the prompt, or why it could not be asked."""

    ids: list[int] = field(default_factory=list)
    text: str = ""
    problem: str = ""


def source_says(source: Checkpoint, n_threads: int = 0) -> Work[Said]:
    """Ask the source, once for all results."""
    return (yield from _say(source, n_threads, "the source"))


def prove(source: Checkpoint, said: Said, path: Path, n_threads: int = 0) -> Work[Proof]:
    """Open the file at ``path`` and compare it with the source, which has ``said`` its words already."""
    started = time.perf_counter()
    with contextlib.closing(open_checkpoint(path)) as result:
        template = _compared_prompts(source, result)
        ours = yield from _say(result, n_threads, "the result")
        return Proof(
            tensors=len(result.tensors),
            source_tensors=len(source.tensors),
            template=template,
            tokens_source=said.ids,
            tokens_result=ours.ids,
            first_difference=_first_difference(said.ids, ours.ids) if said.ids and ours.ids else None,
            skipped=" ".join(filter(None, (said.problem, ours.problem))),
            text_source=said.text,
            text_result=ours.text,
            seconds=time.perf_counter() - started,
        )


def _compared_prompts(source: Checkpoint, result: Checkpoint) -> str:
    before, after = _prompt(source), _prompt(result)
    if before is None and after is None:
        return "none"
    return "same" if before == after else "different"


def _prompt(checkpoint: Checkpoint) -> list[int] | None:
    """The question as the chat template puts it, in token ids; None without tokenizer or template."""
    from octavo.engine.tokenizer.load import load_tokenizer
    from octavo.engine.tokenizer.template import prompt_ids

    if "tokenizer.chat_template" not in checkpoint.fields:
        return None
    try:
        return prompt_ids(checkpoint, load_tokenizer(checkpoint), _QUESTION)
    except OctavoError:  # a template that refuses: the source's does as well
        return None


def _say(checkpoint: Checkpoint, n_threads: int, whose: str) -> Work[Said]:
    from octavo.engine.inference.session import load_session
    from octavo.engine.tokenizer.load import load_tokenizer

    label = f"comparing {N_TOKENS} tokens: {whose}"
    try:
        tokenizer = load_tokenizer(checkpoint)
        ids = _prompt(checkpoint) or tokenizer.encode(_BEGINNING)
        context_tokens = min(_CONTEXT_TOKENS, checkpoint.hyperparameters.context_length)
        if not ids or len(ids) + N_TOKENS > context_tokens:
            return Said(problem=f"{whose.capitalize()} has no prompt of a usual length.")
        loading = load_session(checkpoint, context_tokens=context_tokens, n_threads=n_threads)
        session = yield from _labelled(loading, label)
    except NotEnoughMemory as error:
        return Said(problem=f"There is too little memory to ask {whose}: {error.message}")
    except OctavoError as error:
        return Said(problem=f"{whose.capitalize()} cannot be asked: {error.message}")
    with contextlib.closing(session):
        yield from _labelled(session.prefill(ids), label)
        said: list[int] = []
        logits = session.logits_row
        while len(said) < N_TOKENS:
            said.append(int(logits.argmax()))
            yield Progress(len(said), N_TOKENS, label)
            if len(said) < N_TOKENS:
                logits = session.step(said[-1])
        return Said(said, tokenizer.decode(said))


def _labelled(work: Work[Result], label: str) -> Work[Result]:
    def shown(step: Progress) -> Progress:
        return Progress(step.done, step.total, step.label if step.label.startswith("compile") else label)

    return told_as(work, shown)


def _first_difference(one: Sequence[int], other: Sequence[int]) -> int | None:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), None)
