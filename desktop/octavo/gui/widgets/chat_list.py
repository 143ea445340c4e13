"""The chats: a search field, the list under headings, and the trash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMenu, QWidget

from octavo.gui.theme.fonts import SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import column, row
from octavo.gui.widgets.entry_list import EntryList
from octavo.gui.widgets.search_field import SearchField

WIDTH = 216
TYPING_MS = 150


@dataclass(frozen=True)
class ChatEntry:
    """A chat in the list, or a place in one that was found.

    Parameters
    ----------
    id : int
        Of the chat.
    title : str
    detail : str
        A second line: the words that were found.
    message_id : int
        The message to show or to bring back; 0 for the chat as it was left.
    is_pinned : bool
    folder_id : int or None
    """

    id: int
    title: str
    detail: str = ""
    message_id: int = 0
    is_pinned: bool = False
    folder_id: int | None = None


class ChatList(QWidget):
    """The column at the left of the Chat page; signals carry the chat's id first."""

    chosen = Signal(int, int)
    new_asked = Signal()
    searched = Signal(str)
    renamed = Signal(int, str)
    pin_asked = Signal(int, bool)
    folder_asked = Signal(int, object)
    new_folder_asked = Signal(int)
    export_asked = Signal(int)
    deletion_asked = Signal(int)
    restore_asked = Signal(int, int)
    import_asked = Signal()
    trash_asked = Signal(bool)
    emptying_asked = Signal()
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(WIDTH)
        self._folders: list[tuple[int, str]] = []
        new = Button("New chat", "secondary", "square-pen")
        new.setToolTip("New chat (Ctrl+N)")
        new.clicked.connect(self.new_asked)
        self.field = SearchField("Search all chats")
        self.field.setFixedWidth(WIDTH - 24)
        self.field.setToolTip("Search all chats (Ctrl+Shift+F)")
        self.entries = EntryList("Chats")
        self._trash = Button("Trash", "ghost", "trash-2", height=28, size=SMALL)
        self._trash.setCheckable(True)
        self._empty = Button("Empty", "ghost", height=28, size=SMALL, name="Empty the trash for good")
        self._empty.hide()
        importing = Button("Import…", "ghost", height=28, size=SMALL, name="Import chats from a file")
        self._importing = importing
        self.setLayout(
            column(
                new,
                self.field,
                self.entries,
                row(self._trash, None, self._empty, importing, gap=0),
                gap=8,
                margins=(12, 18, 12, 10),
            )
        )
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(self._tell_search)
        self.field.textChanged.connect(self._typing.start)
        self.field.returnPressed.connect(self.entries.setFocus)
        self.entries.activated_entry.connect(self._tell)
        self.entries.renamed.connect(self._tell_name)
        self.entries.menu_asked.connect(self._open_menu)
        self.entries.deletion_asked.connect(self._tell_deletion)
        self._trash.toggled.connect(self._tell_trash)
        self._empty.clicked.connect(self.emptying_asked)
        importing.clicked.connect(self.import_asked)

    @property
    def is_trash(self) -> bool:
        """Whether the trash is on view."""
        return self._trash.isChecked()

    def show_chats(self, groups: Sequence[tuple[str, Sequence[ChatEntry]]], chosen: int | None) -> None:
        """Show headings with their chats; ``chosen`` is the one on view."""
        self.entries.show_groups(groups, chosen)

    def show_folders(self, folders: Sequence[tuple[int, str]]) -> None:
        """Offer these folders, pairs of id and name."""
        self._folders = list(folders)

    def leave_trash(self) -> None:
        """Show the chats again."""
        self._trash.setChecked(False)

    def begin_rename(self) -> None:
        """Let the title of the chat on view be written over."""
        self.entries.edit_chosen()

    def event(self, event: QEvent) -> bool:
        # Esc would stop the answer; in the field it ends the search.
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and self._ends_search(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._ends_search(event):
            self.field.clear()
            self._typing.stop()
            self._tell_search()
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def _ends_search(self, event: QKeyEvent) -> bool:
        return event.key() == Qt.Key.Key_Escape and self.field.hasFocus()

    def menu_of(self, entry: ChatEntry) -> QMenu:
        """What can be done with a chat."""
        menu = QMenu(self)
        if self.is_trash:
            menu.addAction("Bring back").triggered.connect(lambda: self._tell(entry))
            return menu
        menu.addAction("Rename\tF2").triggered.connect(self.entries.edit_current)
        pin = "Unpin" if entry.is_pinned else "Pin"
        menu.addAction(pin).triggered.connect(lambda: self.pin_asked.emit(entry.id, not entry.is_pinned))
        folders = menu.addMenu("Move to folder")
        for folder_id, name in self._folders:
            action = folders.addAction(name.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(folder_id == entry.folder_id)
            action.triggered.connect(lambda _on, folder=folder_id: self.folder_asked.emit(entry.id, folder))
        folders.addAction("New folder…").triggered.connect(lambda: self.new_folder_asked.emit(entry.id))
        if entry.folder_id is not None:
            folders.addAction("No folder").triggered.connect(lambda: self.folder_asked.emit(entry.id, None))
        menu.addAction("Export…").triggered.connect(lambda: self.export_asked.emit(entry.id))
        menu.addAction("Delete\tDel").triggered.connect(lambda: self.deletion_asked.emit(entry.id))
        return menu

    def _open_menu(self, entry: ChatEntry, place: QPoint) -> None:
        menu = self.menu_of(entry)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def _tell(self, entry: ChatEntry) -> None:
        if self.is_trash:
            self.restore_asked.emit(entry.id, entry.message_id)
        else:
            self.chosen.emit(entry.id, entry.message_id)

    def _tell_name(self, entry: ChatEntry, title: str) -> None:
        self.renamed.emit(entry.id, title)

    def _tell_deletion(self, entry: ChatEntry) -> None:
        if not self.is_trash:
            self.deletion_asked.emit(entry.id)

    def _tell_search(self) -> None:
        self.searched.emit(self.field.text().strip())

    def _tell_trash(self, is_on: bool) -> None:
        self._empty.setVisible(is_on)
        self._importing.setVisible(not is_on)
        self.field.setEnabled(not is_on)
        self.trash_asked.emit(is_on)
