"""``octavo models``: the models on this computer."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from octavo.cli import figures, progress
from octavo.cli.options import AsJson
from octavo.cli.output import print_json, print_line, print_table

if TYPE_CHECKING:
    from octavo.store.library import ModelEntry

_WIDEST_NAME, _LONGEST_PATH = 60, 4096


def models(as_json: AsJson = False) -> None:
    """List the models on this computer, wherever other programs keep them."""
    from octavo.store.library import list_models
    from octavo.store.settings import load_settings

    entries = progress.run(list_models(load_settings()), "Reading")
    if as_json:
        print_json({"models": [asdict(entry) for entry in entries]})
        return
    rows = [
        (
            entry.name[:_WIDEST_NAME],
            entry.architecture,
            entry.type,
            figures.size(entry.bytes) if entry.bytes else "",
            entry.source,
            _where(entry),
        )
        for entry in entries
    ]
    print_table(("NAME", "KIND", "TYPE", "SIZE", "KEPT BY", "PATH"), rows, right="lllr")
    print_line()
    print_line("Open one with: octavo chat PATH")


def _where(entry: ModelEntry) -> str:
    """Its path, and what is to be said of it; on one line, whatever the folders are called."""
    from octavo.engine.checkpoint.refusals import shown

    path = shown(entry.path, _LONGEST_PATH)
    if entry.problem:
        return f"{entry.problem} ({path})"
    if entry.duplicate_of:
        return f"{path} (the same as {shown(entry.duplicate_of, _LONGEST_PATH)})"
    return path
