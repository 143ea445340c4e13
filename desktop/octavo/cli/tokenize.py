"""``octavo tokenize``: text to token ids."""

from __future__ import annotations

from typing import Annotated

import typer

from octavo.cli.options import AsJson, Model, model_path
from octavo.cli.output import print_json, print_line, standard_input

Text = Annotated[
    str | None, typer.Option("--text", metavar="TEXT", help="The text; else standard input is read.")
]
Special = Annotated[
    bool,
    typer.Option(
        "--special", metavar="", help="Read special tokens such as <|im_end|> as themselves, not as text."
    ),
]


def tokenize(model: Model, text: Text = None, special: Special = False, as_json: AsJson = False) -> None:
    """Turn text into token ids. Nothing is added at the beginning or the end."""
    from octavo.engine.checkpoint.open import open_checkpoint
    from octavo.engine.tokenizer.load import load_tokenizer

    checkpoint = open_checkpoint(model_path(model))
    try:
        ids = load_tokenizer(checkpoint).encode(standard_input() if text is None else text, special=special)
    finally:
        checkpoint.close()
    if as_json:
        print_json({"ids": ids})
    else:
        print_line(" ".join(map(str, ids)))
