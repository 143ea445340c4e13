"""``octavo template``: the prompt that a conversation becomes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from octavo.cli.options import AsJson, Model, model_path
from octavo.cli.output import print_json, print_note, print_whole
from octavo.engine.errors import OctavoError
from octavo.engine.folders import expanded

if TYPE_CHECKING:
    from octavo.engine.checkpoint.model import Checkpoint
    from octavo.engine.tokenizer.tokenizer import Tokenizer

Messages = Annotated[
    Path | None,
    typer.Option(
        "--messages",
        metavar="FILE.json",
        help='A JSON list of messages: \\[{"role": "user", "content": "Hello"}].',
    ),
]
Source = Annotated[bool, typer.Option("--source", metavar="", help="Print the template itself.")]


def template(
    model: Model, messages: Messages = None, source: Source = False, as_json: AsJson = False
) -> None:
    """Print the prompt that a conversation becomes under the model's chat template, or the template itself."""
    from octavo.engine.checkpoint.open import open_checkpoint

    if not source and messages is None:
        raise typer.BadParameter("give --messages FILE.json, or --source for the template itself")
    checkpoint = open_checkpoint(model_path(model))
    try:
        text = (
            _source(checkpoint)
            if source or messages is None
            else _prompt(checkpoint, read_messages(expanded(messages)))
        )
    finally:
        checkpoint.close()
    if as_json:
        print_json({"source" if source else "prompt": text})
    else:
        print_whole(text)


def read_messages(path: Path) -> list[dict[str, str]]:
    """The messages in a JSON file, checked."""
    import msgspec

    try:
        return msgspec.json.decode(path.read_bytes(), type=list[dict[str, str]])
    except msgspec.MsgspecError as error:
        example = '[{"role": "user", "content": "Hello"}]'
        raise OctavoError(
            f"{path.name} is no list of messages: {error}.", f"It should look like {example}."
        ) from error


def _source(checkpoint: Checkpoint) -> str:
    from octavo.engine.tokenizer.template import chat_template

    template = chat_template(checkpoint)
    if template.note:
        print_note(template.note)
    return template.source


def _prompt(checkpoint: Checkpoint, messages: list[dict[str, str]]) -> str:
    from octavo.engine.tokenizer.load import load_tokenizer
    from octavo.engine.tokenizer.template import render

    tokenizer = load_tokenizer(checkpoint)
    bos, eos = _text(tokenizer, tokenizer.bos_id), _text(tokenizer, tokenizer.eos_id)
    return render(_source(checkpoint), messages, bos=bos, eos=eos)


def _text(tokenizer: Tokenizer, token: int | None) -> str:
    return "" if token is None else tokenizer.token_text(token)
