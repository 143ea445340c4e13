"""All chats, joined to their list: headings, search, folders, trash, export and import."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QInputDialog, QWidget

from octavo.engine.errors import OctavoError
from octavo.gui.chat_upkeep import ChatUpkeep
from octavo.gui.conversation import Conversation
from octavo.gui.pages.chat_words import groups_of, hits_of, trash_of
from octavo.gui.widgets.chat_list import ChatList
from octavo.gui.widgets.notice_bar import NoticeBar
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.gui.wording import count
from octavo.store.chat_import import ImportReport
from octavo.store.chats import DAYS_IN_TRASH
from octavo.worker.protocol import Failed, Progressed

FILTERS = "Markdown, this branch (*.md);;JSON, every branch (*.json)"
IMPORTS = "Chats (*.json *.zip);;All files (*)"
NAME_CHARACTERS = 60


class ChatShelf(QObject):
    """Does what the list asks for; ``opened`` carries a chat and a message of it, or 0."""

    opened = Signal(int, int)
    deletion_asked = Signal(int)

    def __init__(
        self,
        parent: QWidget,
        chats: ChatList,
        conversation: Conversation,
        upkeep: ChatUpkeep,
        problem: ProblemCard,
        notice: NoticeBar,
    ) -> None:
        super().__init__(parent)
        self._parent, self._list, self._conversation = parent, chats, conversation
        self._upkeep, self._problem, self._notice = upkeep, problem, notice
        self._exported = 0
        chats.chosen.connect(self.opened)
        chats.searched.connect(self.show)
        chats.trash_asked.connect(self.show)
        chats.renamed.connect(self._rename)
        chats.pin_asked.connect(self._pin)
        chats.folder_asked.connect(self._put)
        chats.new_folder_asked.connect(self._ask_folder)
        chats.export_asked.connect(self.export)
        chats.import_asked.connect(self._ask_import)
        chats.deletion_asked.connect(self.deletion_asked)
        chats.restore_asked.connect(self._restore)
        chats.emptying_asked.connect(self._empty)
        upkeep.progressed.connect(self._show_progress)
        upkeep.imported.connect(self._tell_imported)
        upkeep.exported.connect(self._tell_exported)
        upkeep.failed.connect(self._tell_failed)

    def show(self) -> None:
        """Show the chats, what was found in them, or the trash."""
        chat, store = self._conversation.chat, self._conversation.store
        chosen = chat.id if chat and not self._list.is_trash else None
        folders = {each.id: each.name for each in store.folders.all()}
        self._list.show_folders(list(folders.items()))
        now = datetime.now()
        words = self._list.field.text().strip()
        if self._list.is_trash:
            groups = trash_of(store.trash.chats(), store.trash.messages(), now)
        elif words:
            groups = hits_of(store.search.find(words))
        else:
            groups = groups_of(self._conversation.chats(), folders, now)
        self._list.show_chats(groups, chosen)

    def export(self, chat_id: int) -> None:
        """Ask where a chat is to be written."""
        chat = self._conversation.store.chat(chat_id)
        if chat is None:
            return
        self._exported = chat_id
        name = "".join(each if each.isalnum() or each in " -_" else " " for each in chat.title)
        name = " ".join(name.split())[:NAME_CHARACTERS] or "chat"
        dialog = QFileDialog(self._parent, "Export the chat", f"{name}.md", FILTERS)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.fileSelected.connect(self.write)
        dialog.open()

    def write(self, name: str) -> None:
        """Write the chat that is exported, as the name's ending says."""
        self._upkeep.export([self._exported], name)

    def take_in(self, names: list[str]) -> None:
        """Take in the chats of these files."""
        for name in names:
            self._notice.tell(f"Importing {Path(name).name}…")
            self._upkeep.take_in(name)

    def _show_progress(self, event: Progressed) -> None:
        if event.total == 0 and event.done:
            self._notice.tell(f"Importing {event.label}: {count(event.done)} chats")

    def _tell_imported(self, report: ImportReport) -> None:
        n_chats = len(report.chat_ids)
        told = f"{count(n_chats)} {'chat was' if n_chats == 1 else 'chats were'} taken in."
        if report.n_skipped:
            told += f" {count(report.n_skipped)} were empty or could not be read."
        self._notice.tell(told)
        self._conversation.chats_changed.emit()

    def _tell_exported(self) -> None:
        self._notice.tell("The chat is written.")

    def _tell_failed(self, failed: Failed) -> None:
        self._notice.hide()
        self._problem.show_problem(failed.message, failed.hint, details=failed.details)

    def _rename(self, chat_id: int, title: str) -> None:
        title = " ".join(title.split())
        if self._is_on_view(chat_id):
            self._change(lambda: self._conversation.rename(title))
        elif title:
            self._change(lambda: self._conversation.store.change_chat(chat_id, title=title))

    def _pin(self, chat_id: int, is_pinned: bool) -> None:
        if self._is_on_view(chat_id):
            self._change(lambda: self._conversation.pin(is_pinned))
        else:
            self._change(lambda: self._conversation.store.change_chat(chat_id, is_pinned=is_pinned))

    def _put(self, chat_id: int, folder_id: int | None) -> None:
        self._change(lambda: self._conversation.store.folders.put(chat_id, folder_id))

    def _ask_folder(self, chat_id: int) -> None:
        dialog = QInputDialog(self._parent)
        dialog.setWindowTitle("New folder")
        dialog.setLabelText("Name of the folder")
        dialog.textValueSelected.connect(lambda name: self.put_in_new(chat_id, name))
        dialog.open()

    def put_in_new(self, chat_id: int, name: str) -> None:
        """Put a chat in the folder of that name, made if there is none."""
        folders = self._conversation.store.folders
        self._change(lambda: folders.put(chat_id, folders.add(name).id))

    def _ask_import(self) -> None:
        dialog = QFileDialog(self._parent, "Import chats", "", IMPORTS)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self.take_in)
        dialog.open()

    def _restore(self, chat_id: int, message_id: int) -> None:
        """Bring back a chat, or a message into its chat."""
        trash = self._conversation.store.trash
        self._change(lambda: trash.restore_message(message_id) if message_id else trash.restore(chat_id))
        self._list.leave_trash()
        self.opened.emit(chat_id, message_id)

    def _empty(self) -> None:
        self._notice.hide()  # it may offer to bring back what goes now
        # Out of sight at once; removing it takes its time.
        self._change(self._conversation.store.trash.hide)
        self._list.leave_trash()
        self._upkeep.tidy_up(DAYS_IN_TRASH)

    def _is_on_view(self, chat_id: int) -> bool:
        return self._conversation.chat is not None and self._conversation.chat.id == chat_id

    def _change(self, change: Callable[[], object]) -> None:
        """Change something in the store, tell the user if that fails, and show what has become of it."""
        try:
            change()
        except OctavoError as error:
            self._problem.show_problem(error.message, error.hint)
        self._conversation.chats_changed.emit()
