"""``octavo tokenize``: text to token ids."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from octavo.cli.options import AsJson, Model, model_path
from octavo.cli.output import print_json, print_line
from octavo.engine.errors import OctavoError

Text = Annotated[
    str | None, typer.Option("--text", metavar="TEXT", help="The text; else standard input is read.")
]
Special = Annotated[
    bool, typer.Option("--special", help="Read special tokens such as <|im_end|> as themselves, not as text.")
]


def tokenize(model: Model, text: Text = None, special: Special = False, as_json: AsJson = False) -> None:
    """Turn text into token ids. Nothing is added at the beginning or the end."""
    from octavo.engine.checkpoint.open import open_checkpoint
    from octavo.engine.tokenizer.load import load_tokenizer

    checkpoint = open_checkpoint(model_path(model))
    try:
        ids = load_tokenizer(checkpoint).encode(_standard_input() if text is None else text, special=special)
    finally:
        checkpoint.close()
    if as_json:
        print_json({"ids": ids})
    else:
        print_line(" ".join(map(str, ids)))


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise OctavoError("The text on standard input is not UTF-8.") from error
