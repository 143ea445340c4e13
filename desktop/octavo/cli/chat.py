"""``octavo chat``: one answer, or a conversation."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from octavo.cli import figures, progress
from octavo.cli.chat_options import (
    ChatNumber,
    ForceLoad,
    FrequencyPenalty,
    Keep,
    MaxTokens,
    MinP,
    Overflow,
    PresencePenalty,
    Prompt,
    Raw,
    RepeatPenalty,
    Seed,
    StopAt,
    System,
    Temperature,
    TopK,
    TopP,
    TypicalP,
    WhenFull,
)
from octavo.cli.conversation import continue_each, converse
from octavo.cli.kept_chat import KeptChat
from octavo.cli.notes import note_answer
from octavo.cli.options import AsJson, Context, Kv, KvType, Model, Threads, model_path
from octavo.cli.output import print_json, print_note, standard_input, told
from octavo.cli.speaker import Speaker
from octavo.engine.errors import OctavoError

if TYPE_CHECKING:
    from octavo.store.chats import ChatStore
    from octavo.worker.loaded_model import LoadedModel
    from octavo.worker.protocol import Replied


def chat(
    model: Model,
    prompt: Prompt = None,
    system: System = "",
    temperature: Temperature = 0.7,
    top_k: TopK = 40,
    top_p: TopP = 0.95,
    min_p: MinP = 0.05,
    typical_p: TypicalP = 1.0,
    repeat_penalty: RepeatPenalty = 1.0,
    presence_penalty: PresencePenalty = 0.0,
    frequency_penalty: FrequencyPenalty = 0.0,
    seed: Seed = None,
    max_tokens: MaxTokens = 1024,
    stop: StopAt = None,
    context: Context = 0,
    overflow: Overflow = WhenFull.stop,
    kv: Kv = KvType.f16,
    threads: Threads = 0,
    raw: Raw = False,
    number: ChatNumber = None,
    keep: Keep = None,
    force: ForceLoad = False,
    as_json: AsJson = False,
) -> None:
    """Chat with a model. Ctrl-C stops an answer, Ctrl-D ends the conversation.

    For example: octavo chat demo begins a conversation, which is kept among the chats;
    octavo chat demo --prompt "Who wrote Macbeth?" answers and ends.
    """
    from octavo.worker.loaded_model import load_model
    from octavo.worker.protocol import Load

    if raw and (keep or number is not None):
        raise typer.BadParameter("--raw knows no conversation that could be kept")
    if prompt is None and (as_json or not sys.stdin.isatty()):
        prompt = standard_input().removesuffix("\n")
    if prompt is not None and not (raw or prompt.strip()):
        raise OctavoError("There is nothing to answer: the prompt is empty.")
    load = Load(
        path=str(model_path(model)), context_tokens=context, kv_type=kv.value, n_threads=threads, force=force
    )
    sampling = {
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "min_p": min_p,
        "seed": seed,
        "typical_p": typical_p,
        "repeat_penalty": repeat_penalty,
        "presence_penalty": presence_penalty,
        "frequency_penalty": frequency_penalty,
    }
    _check(sampling)
    with contextlib.ExitStack() as opened:
        store = _store(opened, keep if keep is not None else prompt is None and not raw, number)
        kept_in = store if keep is not False else None

        def begin() -> KeptChat:
            return KeptChat(kept_in, str(Path(load.path).absolute()), system)

        kept = begin()
        if number is not None and store is not None:
            kept.take_up(store, number)
        loaded = opened.enter_context(contextlib.closing(progress.run(load_model(load), "Loading")))
        _note_what_is_odd(loaded)
        speaker = Speaker(
            loaded,
            sampling,
            max_tokens,
            stop_texts=[each for each in stop or [] if each],
            overflow=overflow.value,
            is_silent=as_json,
        )
        if prompt is None:
            continue_each(speaker) if raw else converse(speaker, kept, begin)
            return
        replied = speaker.continue_raw(prompt) if raw else speaker.answer(kept, prompt)
        note_answer(loaded, replied)
        if as_json:
            print_json(_figures(loaded, replied) | {"chat": kept.number})
        if replied.finish == "cancelled":
            raise KeyboardInterrupt


def _check(sampling: dict[str, Any]) -> None:
    """Refuse what no sampler can do before seconds are spent on loading."""
    from octavo.engine.inference.sampling import Sampling

    Sampling(**sampling).check()


def _store(opened: contextlib.ExitStack, keeps: bool, number: int | None) -> ChatStore | None:
    """The chats, where this conversation is to be kept or is one of them."""
    if not keeps and number is None:
        return None
    from octavo.store.chats import ChatStore

    try:
        store = opened.enter_context(ChatStore())
    except (OctavoError, OSError) as error:
        if number is not None:
            raise
        print_note(f"octavo: {told(error)} The conversation is not kept.")
        return None
    if store.problem:
        print_note(f"octavo: {store.problem}")
    return store


def _note_what_is_odd(loaded: LoadedModel) -> None:
    report, made_for = loaded.report, loaded.checkpoint.card.hyperparameters.context_length
    if report.template_note:
        print_note(report.template_note)
    if report.context_tokens > made_for:
        print_note(f"The model was made for {figures.count(made_for)} tokens.")


def _figures(model: LoadedModel, replied: Replied) -> dict[str, Any]:
    """The JSON object of an answer."""
    import msgspec

    answer: dict[str, Any] = msgspec.to_builtins(replied)
    for name in ("type", "id"):
        del answer[name]
    report = model.report
    return answer | {
        "predicted_bytes": report.predicted_bytes,
        "load_seconds": report.load_seconds,
        "context_tokens": report.context_tokens,
        "kv_type": report.kv_type,
        "threads": report.n_threads,
        "tier": report.tier,
    }
