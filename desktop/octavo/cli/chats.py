"""``octavo chats``: the chats of window and terminal, listed, searched, shown, exported, imported, deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from octavo.cli.options import AsJson
from octavo.cli.output import print_json, print_line, print_note, print_table, print_whole
from octavo.engine.errors import OctavoError
from octavo.engine.folders import expanded

if TYPE_CHECKING:
    from octavo.store.chat_records import Chat
    from octavo.store.chats import ChatStore

Number = Annotated[
    int, typer.Argument(metavar="CHAT", help="The number of a chat, as octavo chats list has it.")
]


class Form(StrEnum):
    """How a chat is written."""

    markdown = "markdown"
    json = "json"


def list_chats(
    deleted: Annotated[bool, typer.Option("--deleted", metavar="", help="Those in the trash.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the chats, the one used last first."""
    with _store() as store:
        chats = store.trash.chats() if deleted else store.chats()
        folders = {each.id: each.name for each in store.folders.all()}
    if as_json:
        print_json({"chats": [asdict(chat) for chat in chats]})
        return
    if not chats:
        print_line(
            "The trash is empty." if deleted else "There is no chat yet. octavo chat MODEL begins one."
        )
        return
    rows = [
        (str(chat.id), _day(chat.updated), folders.get(chat.folder_id or 0, ""), chat.title) for chat in chats
    ]
    print_table(("CHAT", "USED", "FOLDER", "TITLE"), rows, right="r")
    if not deleted:
        print_line()
        print_line("Go on with one by: octavo chat MODEL --chat CHAT")


def search(
    words: Annotated[list[str], typer.Argument(help="Beginnings of words that all must stand in a message.")],
    as_json: AsJson = False,
) -> None:
    """Find words in all chats."""
    with _store() as store:
        hits = store.search.find(" ".join(words))
    if as_json:
        print_json({"hits": [asdict(hit) for hit in hits]})
        return
    if not hits:
        print_line("Nothing was found.")
        return
    rows = [(str(hit.chat_id), _day(hit.created), hit.title, hit.snippet) for hit in hits]
    print_table(("CHAT", "WRITTEN", "TITLE", "TEXT"), rows, right="r")


def show(number: Number, as_json: AsJson = False) -> None:
    """Show a chat, the branch that was on view last."""
    from octavo.store.chat_export import as_markdown

    with _store() as store:
        chat = _chat(store, number)
        branch = store.tree(number).path(chat.leaf_id)
    if as_json:
        print_json({"chat": asdict(chat), "messages": [asdict(message) for message in branch]})
    else:
        print_whole(as_markdown(chat, branch))


def export(
    number: Annotated[int | None, typer.Argument(metavar="[CHAT]", help="One chat; all without it.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Instead of standard output.")
    ] = None,
    form: Annotated[
        Form, typer.Option("--as", help="JSON keeps every branch and can be imported.")
    ] = Form.json,
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Replace the file if it is there.")
    ] = False,
) -> None:
    """Write chats as JSON or Markdown."""
    from octavo.store.atomic import whole_file
    from octavo.store.chat_export import as_json, as_markdown

    with _store() as store:
        chats = store.chats() if number is None else [_chat(store, number)]
        if form is Form.json:
            text = as_json(store, chats)
        else:
            text = "\n".join(as_markdown(each, store.tree(each.id).path(each.leaf_id)) for each in chats)
    if output is None:
        print_whole(text)
        return
    output = expanded(output)
    if not output.absolute().parent.is_dir():
        raise OctavoError(f"There is no folder {output.parent}.", "Create it first, or choose another one.")
    if output.exists() and not force:
        raise OctavoError(f"{output} is there already.", "Replace it with --force.")
    with whole_file(output) as file:
        file.write(text.encode())
    print_note(f"{len(chats)} chats written to {output}.")


def import_file(
    file: Annotated[Path, typer.Argument(help="Octavo's JSON, or an export of ChatGPT or Open WebUI.")],
    as_json: AsJson = False,
) -> None:
    """Take chats in from a file."""
    from octavo.cli.progress import run
    from octavo.store.chat_import import import_chats

    with _store() as store:
        report = run(import_chats(store, expanded(file)), "Importing")
    if as_json:
        print_json(asdict(report))
        return
    left_out = f", {report.n_skipped} left out" if report.n_skipped else ""
    print_line(f"{len(report.chat_ids)} chats with {report.n_messages} messages{left_out}.")


def delete(
    number: Number,
    restore: Annotated[
        bool, typer.Option("--restore", metavar="", help="Bring it back from the trash.")
    ] = False,
) -> None:
    """Put a chat in the trash, from which the window removes it after 30 days."""
    with _store() as store:
        _chat(store, number)
        if restore:
            store.trash.restore(number)
        else:
            store.trash.put(number)


def add_to(app: typer.Typer, answering: Callable[[Callable[..., None]], Callable[..., None]]) -> None:
    """Add ``chats`` with its commands to the command line."""
    chats = typer.Typer(
        name="chats", help="List, search, show, export, import and delete chats.", no_args_is_help=True
    )
    for name, command in (
        ("list", list_chats),
        ("search", search),
        ("show", show),
        ("export", export),
        ("import", import_file),
        ("delete", delete),
    ):
        chats.command(name)(answering(command))
    app.add_typer(chats)


def _store() -> ChatStore:
    from octavo.store.chats import ChatStore

    store = ChatStore()
    if store.problem:
        print_note(f"octavo: {store.problem}")
    return store


def _chat(store: ChatStore, number: int) -> Chat:
    chat = store.chat(number)
    if chat is None:
        raise OctavoError(f"There is no chat {number}.", "octavo chats list shows all.")
    return chat


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d")
