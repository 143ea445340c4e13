"""``octavo chat``: one answer, or a conversation."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from octavo.cli import progress
from octavo.cli.notes import note_answer
from octavo.cli.options import AsJson, Context, Kv, KvType, Model, Threads, model_path
from octavo.cli.output import print_json, print_line, print_note, standard_input
from octavo.cli.speaker import Speaker
from octavo.engine.errors import OctavoError

if TYPE_CHECKING:
    from octavo.worker.loaded_model import LoadedModel
    from octavo.worker.protocol import Replied

Prompt = Annotated[
    str | None,
    typer.Option(
        "--prompt", "-p", metavar="TEXT", help="Ask this and end; without it, a conversation begins."
    ),
]
System = Annotated[str, typer.Option("--system", metavar="TEXT", help="What the model should be told first.")]
Temperature = Annotated[
    float,
    typer.Option("--temperature", metavar="T", min=0.0, help="How freely it chooses; 0 takes the likeliest."),
]
TopK = Annotated[
    int, typer.Option("--top-k", metavar="K", min=0, help="Choose among the K likeliest; 0: all.")
]
TopP = Annotated[
    float, typer.Option("--top-p", metavar="P", min=0.0, max=1.0, help="Choose among those that sum up to P.")
]
MinP = Annotated[
    float,
    typer.Option(
        "--min-p", metavar="P", min=0.0, max=1.0, help="Choose among those at least P times the likeliest."
    ),
]
TypicalP = Annotated[
    float,
    typer.Option(
        "--typical-p", metavar="P", min=0.0, max=1.0, help="Choose among the most typical that sum up to P."
    ),
]
RepeatPenalty = Annotated[
    float,
    typer.Option(
        "--repeat-penalty", metavar="R", min=0.0, max=10.0, help="Above 1: repeat recent words less."
    ),
]
PresencePenalty = Annotated[
    float,
    typer.Option(
        "--presence-penalty",
        metavar="A",
        min=-100.0,
        max=100.0,
        help="Above 0: repeat recent words less, often or not.",
    ),
]
FrequencyPenalty = Annotated[
    float,
    typer.Option(
        "--frequency-penalty",
        metavar="A",
        min=-100.0,
        max=100.0,
        help="Above 0: repeat words less the oftener they came.",
    ),
]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="S", min=0, help="The same seed gives the same answer.")
]
MaxTokens = Annotated[
    int,
    typer.Option("--max-tokens", metavar="N", min=0, help="Longest answer; 0: until the context is full."),
]
Raw = Annotated[
    bool,
    typer.Option(
        "--raw", metavar="", help="Send the prompt as it is, without the chat template; special tokens count."
    ),
]
ForceLoad = Annotated[
    bool,
    typer.Option("--force", metavar="", help="Load the model even if it needs more memory than is free."),
]


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
    context: Context = 0,
    kv: Kv = KvType.f16,
    threads: Threads = 0,
    raw: Raw = False,
    force: ForceLoad = False,
    as_json: AsJson = False,
) -> None:
    """Chat with a model. Ctrl-C stops an answer, Ctrl-D ends the conversation."""
    from octavo.worker.loaded_model import load_model
    from octavo.worker.protocol import Load

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
    with contextlib.closing(progress.run(load_model(load), "Loading")) as loaded:
        speaker = Speaker(loaded, sampling, max_tokens, is_silent=as_json)
        if prompt is None:
            _converse(speaker, system, is_raw=raw)
            return
        replied = speaker.answer(loaded.raw_ids(prompt) if raw else speaker.ids(_opening(system, prompt)))
        note_answer(loaded, replied)
        if as_json:
            print_json(_figures(loaded, replied))
        if replied.finish == "cancelled":
            raise KeyboardInterrupt


def _converse(speaker: Speaker, system: str, *, is_raw: bool) -> None:
    """Ask and answer until standard input ends."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  # gives input() a history and keys for editing

    print_note("Ctrl-C stops an answer, Ctrl-D ends.")
    messages = [{"role": "system", "content": system}] if system else []
    while True:
        try:
            text = input("> ")
        except EOFError:
            print_line()
            return
        except KeyboardInterrupt:
            print_line()
            continue
        if not text.strip():
            continue
        if is_raw:
            speaker.answer(speaker.raw_ids(text))
            continue
        messages.append({"role": "user", "content": text})
        replied = speaker.answer(speaker.ids(messages))
        messages.append({"role": "assistant", "content": replied.text})


def _opening(system: str, prompt: str) -> list[dict[str, str]]:
    opening = [{"role": "system", "content": system}] if system else []
    return [*opening, {"role": "user", "content": prompt}]


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
