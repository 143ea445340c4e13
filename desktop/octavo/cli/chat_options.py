"""What ``octavo chat`` can be told: how to ask, how to choose words, what to keep."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

# The heading above the options that few need to know.
WORDS = "Choice of words"


class WhenFull(StrEnum):
    """What happens when the conversation outgrows the context."""

    stop = "stop"
    drop_oldest = "drop_oldest"


Prompt = Annotated[
    str | None,
    typer.Option(
        "--prompt", "-p", metavar="TEXT", help="Ask this and end; without it, a conversation begins."
    ),
]
System = Annotated[str, typer.Option("--system", metavar="TEXT", help="What the model should be told first.")]
Temperature = Annotated[
    float,
    typer.Option(
        "--temperature",
        rich_help_panel=WORDS,
        metavar="T",
        min=0.0,
        max=100.0,
        help="How freely it chooses; 0 takes the likeliest.",
    ),
]
TopK = Annotated[
    int,
    typer.Option(
        "--top-k", rich_help_panel=WORDS, metavar="K", min=0, help="Choose among the K likeliest; 0: all."
    ),
]
TopP = Annotated[
    float,
    typer.Option(
        "--top-p",
        rich_help_panel=WORDS,
        metavar="P",
        min=0.0,
        max=1.0,
        help="Choose among those that sum up to P.",
    ),
]
MinP = Annotated[
    float,
    typer.Option(
        "--min-p",
        rich_help_panel=WORDS,
        metavar="P",
        min=0.0,
        max=1.0,
        help="Choose among those at least P times the likeliest.",
    ),
]
TypicalP = Annotated[
    float,
    typer.Option(
        "--typical-p",
        rich_help_panel=WORDS,
        metavar="P",
        min=0.0,
        max=1.0,
        help="Choose among the most typical that sum up to P.",
    ),
]
RepeatPenalty = Annotated[
    float,
    typer.Option(
        "--repeat-penalty",
        rich_help_panel=WORDS,
        metavar="R",
        min=0.0,
        max=10.0,
        help="Above 1: repeat recent words less.",
    ),
]
PresencePenalty = Annotated[
    float,
    typer.Option(
        "--presence-penalty",
        rich_help_panel=WORDS,
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
        rich_help_panel=WORDS,
        metavar="A",
        min=-100.0,
        max=100.0,
        help="Above 0: repeat words less the oftener they came.",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", metavar="S", min=0, help="The same seed gives the same answer."),
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
StopAt = Annotated[
    list[str] | None,
    typer.Option(
        "--stop", metavar="TEXT", help="End the answer before this text; may be given several times."
    ),
]
Overflow = Annotated[
    WhenFull,
    typer.Option("--overflow", help="When the context is full: stop, or leave the oldest turns out."),
]
Keep = Annotated[
    bool | None,
    typer.Option(
        "--keep/--no-keep",
        metavar="",
        help="Keep what is said among the chats, or not. By default a conversation is kept, a single prompt is not.",
        show_default=False,
    ),
]
ChatNumber = Annotated[
    int | None,
    typer.Option("--chat", metavar="CHAT", help="Go on with this chat; octavo chats list has the numbers."),
]
