"""``octavo compare``: two models' answers to one prompt, side by side."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from octavo.cli import figures, progress
from octavo.cli.chat_options import Raw, Seed, System
from octavo.cli.ctrl_c import interrupted, stopped_by_ctrl_c
from octavo.cli.options import AsJson, Model, Threads, model_path
from octavo.cli.output import print_json, print_line, print_sentence, print_table, standard_input
from octavo.cli.side_by_side import print_side_by_side

if TYPE_CHECKING:
    from octavo.engine.measure.compare import Comparing, Step
    from octavo.engine.measure.comparison import Answer, Comparison, Parting
    from octavo.engine.progress import Work
    from octavo.engine.stop import Stop

Other = Annotated[
    str,
    typer.Argument(
        metavar="OTHER", help="What to compare it with: another one of these.", show_default=False
    ),
]
Prompt = Annotated[
    str | None,
    typer.Option("--prompt", "-p", metavar="TEXT", help="What to ask both; else standard input is read."),
]
MaxTokens = Annotated[
    int, typer.Option("--max-tokens", metavar="N", min=1, max=1024, help="Longest answer of each.")
]
Temperature = Annotated[
    float,
    typer.Option(
        "--temperature",
        metavar="T",
        min=0.0,
        help="How freely both choose, from the same seed; 0 takes the likeliest.",
    ),
]


def compare(
    model: Model,
    other: Other,
    prompt: Prompt = None,
    system: System = "",
    max_tokens: MaxTokens = 128,
    temperature: Temperature = 0.0,
    seed: Seed = None,
    threads: Threads = 0,
    raw: Raw = False,
    as_json: AsJson = False,
) -> None:
    """Ask two models the same, and see where their answers part: an original beside its smaller copy."""
    from octavo.engine.checkpoint.open import open_checkpoint
    from octavo.engine.inference.sampling import Sampling
    from octavo.engine.measure.compare import Question
    from octavo.engine.measure.compare import compare as comparing
    from octavo.engine.measure.pair import Pair

    if prompt is None:
        if sys.stdin.isatty():
            raise typer.BadParameter("give --prompt TEXT, or the prompt on standard input")
        prompt = standard_input().removesuffix("\n")
    question = Question(prompt, system, max_tokens, Sampling(temperature=temperature, seed=seed), raw)
    names = _names(model, other)
    with contextlib.ExitStack() as opened:
        checkpoints = [
            opened.enter_context(contextlib.closing(open_checkpoint(model_path(each))))
            for each in (model, other)
        ]
        pair = opened.enter_context(
            contextlib.closing(Pair(*checkpoints, keeps_both=False, n_threads=threads))
        )
        stop = opened.enter_context(stopped_by_ctrl_c())
        work = _told(comparing(pair, question, stop), stop, names, max_tokens)
        found = progress.run(work, "Comparing")
    if as_json:
        print_json(_plain(found))
    else:
        _print(found, names)


def _names(model: str, other: str) -> tuple[str, str]:
    """What to call the two: their file names, with the folder's where those are the same."""
    paths = [Path(each) for each in (model, other)]
    names = [each.name or str(each) for each in paths]
    if names[0] == names[1]:
        names = [str(Path(each.parent.name) / each.name) for each in paths]
    if names[0] == names[1]:
        names = [f"{name} ({place})" for name, place in zip(names, ("1", "2"), strict=True)]
    return names[0], names[1]


def _told(comparing: Comparing, stop: Stop, names: tuple[str, str], max_tokens: int) -> Work[Comparison]:
    """The comparison as ordinary work; Ctrl-C ends it."""
    from octavo.engine.progress import Progress

    name = names[0]

    def told(step: Step) -> Progress:
        nonlocal name
        if isinstance(step, Progress):
            return Progress(step.done, step.total, f"{name}: {step.label}")
        name = names[step.number]
        return Progress(step.n_tokens, max_tokens, f"{name}: answering")

    return (yield from interrupted(comparing, stop, told))


def _print(found: Comparison, names: tuple[str, str]) -> None:
    from octavo.engine.measure.agreement import following_sentence, parting_sentence

    answers = (found.first, found.second)
    rows = [
        ("Type", [each.type_name for each in answers]),
        ("File", [figures.size(each.file_bytes) for each in answers]),
        ("Memory, estimated", [figures.size(each.memory_bytes) for each in answers]),
        ("Answering", [figures.speed(each.tokens_per_second) for each in answers]),
        ("First token after", [figures.seconds(each.first_token_seconds) for each in answers]),
        ("Loading", [figures.seconds(each.load_seconds) for each in answers]),
        ("Answer", [_length(each) for each in answers]),
    ]
    print_table(("", *names), [(title, *values) for title, values in rows], right=" rr")
    print_line()
    print_side_by_side(found, names)
    print_line()
    print_sentence(parting_sentence(found))
    following = following_sentence(found)
    if following:
        print_sentence(following)
    for note in found.notes:
        print_sentence(note)
    print_sentence("One answer says little about quality; octavo measure reads thousands of tokens.")


def _length(answer: Answer) -> str:
    n = figures.count(len(answer.tokens))
    return f"{n} tokens, cut" if answer.finish == "length" else f"{n} tokens"


def _plain(found: Comparison) -> dict[str, Any]:  # values that JSON knows
    following = found.following
    n = len(following.tokens) if following is not None else 0
    return {
        "prompt": found.prompt,
        "models": [asdict(found.first), asdict(found.second)],
        "same_tokens": found.same_tokens,
        "is_same": found.is_same,
        "first_difference": _parting(found.parting),
        "followed_tokens": n,
        "same_top_1_count": following.same_top if following is not None else None,
        "same_top_1": following.same_top / n if following is not None else None,
        "mean_kl": following.mean_kl if following is not None else None,
        "followed": [asdict(each) for each in following.tokens] if following is not None else None,
        "notes": found.notes,
    }


def _parting(parting: Parting | None) -> dict[str, Any] | None:  # values that JSON knows
    if parting is None:
        return None
    candidates = [
        {
            "token": each.token,
            "text": each.text,
            "ends": each.ends,
            "probabilities": [each.first, each.second],
        }
        for each in (parting.first, parting.second)
    ]
    return {"position": parting.position, "candidates": candidates}
