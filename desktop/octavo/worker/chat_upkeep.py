"""What takes long in the store of the chats, done here so that the window need not wait for it."""

from __future__ import annotations

from pathlib import Path

from octavo.engine.errors import OctavoError
from octavo.engine.progress import Progress, Work
from octavo.store.atomic import whole_file
from octavo.store.chat_export import as_json, as_markdown
from octavo.store.chat_import import ImportReport, import_chats
from octavo.store.chats import ChatStore
from octavo.store.kept_caches import KeptCaches, chat_key
from octavo.worker.protocol import ExportChats, ImportChats, TidyChats


def keep_up(request: TidyChats | ImportChats | ExportChats) -> Work[ImportReport | None]:
    """Do what is asked with the chats of this computer."""
    with ChatStore() as store:
        if store.is_read_only and not isinstance(request, ExportChats):
            raise OctavoError(store.problem)
        match request:
            case TidyChats():
                yield from tidy(store, request.older_than_days)
            case ImportChats():
                return (yield from import_chats(store, Path(request.path)))
            case ExportChats():
                yield from export(store, request.chat_ids, Path(request.path))
    return None


def tidy(store: ChatStore, older_than_days: float) -> Work[None]:
    """Empty the trash of what is old, also of what models have read of it, and make the day's copy."""
    yield Progress(0, 2, "trash")
    for chat_id in store.trash.forget(older_than_days):
        KeptCaches().forget(chat_key(chat_id))
    yield Progress(1, 2, "copy")
    store.back_up()


def export(store: ChatStore, chat_ids: list[int], path: Path) -> Work[None]:
    """Write chats to ``path``: all branches as JSON, or the one shown last as Markdown."""
    yield Progress(0, len(chat_ids), path.name)
    chats = [chat for each in chat_ids if (chat := store.chat(each)) is not None]
    if path.suffix.lower() == ".json":
        text = as_json(store, chats)
    else:
        text = "\n".join(as_markdown(each, store.tree(each.id).path(each.leaf_id)) for each in chats)
    with whole_file(path) as file:
        file.write(text.encode())
