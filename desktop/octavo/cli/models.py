"""``octavo models``: the models on this computer."""

from __future__ import annotations

from dataclasses import asdict

from octavo.cli import figures, progress
from octavo.cli.options import AsJson
from octavo.cli.output import print_json, print_line, print_table


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
            entry.name,
            entry.architecture,
            entry.type,
            figures.size(entry.bytes),
            entry.source,
            entry.problem
            or (f"{entry.path} (the same as {entry.duplicate_of})" if entry.duplicate_of else entry.path),
        )
        for entry in entries
    ]
    print_table(("NAME", "KIND", "TYPE", "SIZE", "KEPT BY", "PATH"), rows, right="lllr")
    print_line()
    print_line("Open one with: octavo chat PATH")
