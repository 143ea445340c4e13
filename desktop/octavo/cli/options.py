"""The arguments and options that several commands share, so that they read and behave alike."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer


class KvType(StrEnum):
    """How the keys and values of the context are kept."""

    f16 = "f16"
    q8_0 = "q8_0"


Model: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A GGUF file, a Hugging Face folder, the name of a model in Hugging Face's cache or in Ollama, or "
        "[bold]demo[/bold] for the small model that comes with Octavo.",
        show_default=False,
    ),
]
AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", metavar="", help="Print one JSON object instead of text.")
]
NoPlugins: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--no-plugins",
        metavar="",
        envvar="OCTAVO_NO_PLUGINS",
        show_envvar=False,
        help="Safe mode: load no plugin; OCTAVO_NO_PLUGINS=1 in the environment does the same.",
    ),
]
Context: TypeAlias = Annotated[
    int,
    typer.Option(
        "--context",
        metavar="TOKENS",
        min=0,
        max=1 << 30,
        help="Context to prepare for; 0 chooses what suits.",
        show_default=False,
    ),
]
Kv: TypeAlias = Annotated[
    KvType, typer.Option("--kv", help="How the context is kept; q8_0 needs about half the memory of f16.")
]
Threads: TypeAlias = Annotated[
    int,
    typer.Option("--threads", metavar="N", min=0, max=1024, help="Threads; 0 chooses.", show_default=False),
]

Set: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="OPTION=VALUE",
        help="An option of the format; may be given several times. octavo plugins NAME lists them.",
    ),
]


def chosen_options(chosen: list[str]) -> dict[str, str]:
    """Names and values of what ``--set`` was given."""
    options = {}
    for each in chosen:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"--set takes OPTION=VALUE, not {each!r}")
        options[name] = value
    return options


def model_path(model: str) -> Path:
    """The path that MODEL means: ``demo`` is the built-in model, other programs' names are looked up."""
    if not model:
        raise typer.BadParameter("the model's name is empty")
    if model == "demo":
        from octavo.store.library import demo_model

        return demo_model()
    from octavo.cli.model_names import find_model

    return find_model(model)
