"""The main window: navigation at the left, one page at the right; it only arranges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QByteArray, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMainWindow, QStackedWidget, QWidget

from octavo.gui.theme.dresser import Dresser
from octavo.gui.widgets.drop_zone import dropped_paths
from octavo.gui.widgets.focus_keeper import focus_first
from octavo.gui.widgets.navigation import Navigation
from octavo.gui.widgets.question_dialog import QuestionDialog
from octavo.gui.widgets.shortcuts_dialog import show_shortcuts

SIZE = QSize(1280, 800)
SMALLEST = QSize(960, 520)
# The title bar and edges that a desktop draws around a window; known only once it is shown.
FRAME = QSize(16, 48)


@dataclass(frozen=True)
class Place:
    """A page with its name and icon in the navigation."""

    name: str
    icon_name: str
    page: QWidget


class MainWindow(QMainWindow):
    """The window of the program.

    Attributes
    ----------
    doubts : callable
        Asked before the window closes: what would be lost or interrupted, in a sentence; empty for nothing.
    """

    models_chosen = Signal(list)
    dropping = Signal(bool)
    page_shown = Signal(str)
    new_chat_asked = Signal()
    stop_asked = Signal()
    closing = Signal()

    def __init__(self, places: Sequence[Place]) -> None:
        super().__init__()
        self.setWindowTitle("Octavo")
        self.setMinimumSize(SMALLEST)
        self.resize(SIZE)
        self.setAcceptDrops(True)
        self.doubts: Callable[[], str] = str
        self._may_close = False
        self._folder = Path.home()
        self.navigation = Navigation([(each.name, each.icon_name) for each in places])
        self._stack = QStackedWidget()
        self._names = [each.name for each in places]
        for place in places:
            self._stack.addWidget(place.page)
        self._dresser = Dresser([self.navigation, *(each.page for each in places)], self)
        contents = QWidget()
        layout = QHBoxLayout(contents)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.navigation)
        layout.addWidget(self._stack, 1)
        self.setCentralWidget(contents)
        self.navigation.chosen.connect(self.show_page)
        self._add_shortcuts()
        self.show_page(0)
        # No control is lit until the keyboard or the mouse goes to one.
        contents.setFocus()

    def show_page(self, number: int) -> None:
        """Show page ``number``."""
        page, contents = self._stack.widget(number), self.centralWidget()
        assert page is not None
        assert contents is not None
        self._dresser.finish(page)
        if page is not self._stack.currentWidget() and page.focusWidget() is None:
            # Qt would light up the control that comes next to the one left: "Cancel" of a conversion, perhaps.
            contents.setFocus()
        self._stack.setCurrentIndex(number)
        if self.focusWidget() is contents:
            focus_first(page)
        self.navigation.show_page(number)
        self.page_shown.emit(self.page_name)

    def show_named(self, name: str) -> None:
        """Show the page called ``name``."""
        self.show_page(self._names.index(name))

    def wear(self, sheet: str) -> None:
        """Dress everything in a style sheet, what is on view first."""
        self._dresser.wear(sheet)

    def come_to_front(self) -> None:
        """Show the window over others, as far as the desktop allows it."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def fit_into(self, space: QSize) -> None:
        """Be no larger than a screen with so much room can show, at a first start."""
        self.resize(SIZE.boundedTo(space - FRAME))

    @property
    def page_name(self) -> str:
        """The name of the page on view."""
        return self._names[self._stack.currentIndex()]

    @property
    def place(self) -> str:
        """Size and place of the window as a text, for ``restore_place``."""
        return bytes(self.saveGeometry().toBase64().data()).decode("ascii")

    def restore_place(self, place: str) -> None:
        """Take the size and place of an earlier time; a text that says nothing changes nothing."""
        if place:
            self.restoreGeometry(QByteArray.fromBase64(QByteArray(place.encode("ascii", "ignore"))))

    def choose_file(self) -> None:
        """Ask for a model file."""
        self._dialog(
            QFileDialog.FileMode.ExistingFile, "Open a model", "Models (*.gguf *.safetensors);;All files (*)"
        )

    def choose_folder(self) -> None:
        """Ask for a Hugging Face folder."""
        self._dialog(QFileDialog.FileMode.Directory, "Open a Hugging Face folder", "")

    def _dialog(self, mode: QFileDialog.FileMode, title: str, names: str) -> None:
        # The page's child, and so in its dress.
        dialog = QFileDialog(self._stack.currentWidget(), title, str(self._folder))
        dialog.setFileMode(mode)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if names:
            dialog.setNameFilters(names.split(";;"))
        dialog.filesSelected.connect(self._tell_chosen)
        dialog.open()

    def _tell_chosen(self, names: Sequence[str]) -> None:
        chosen = [Path(each) for each in names]
        if chosen:
            self._folder = chosen[0].parent
        self.models_chosen.emit(chosen)

    def _add_shortcuts(self) -> None:
        for number in range(len(self._names)):
            shortcut = QShortcut(QKeySequence(f"Ctrl+{number + 1}"), self)
            shortcut.activated.connect(lambda number=number: self.show_page(number))
        for keys, slot in (
            ("Ctrl+O", self.choose_file),
            ("Ctrl+Shift+O", self.choose_folder),
            ("Ctrl+N", self.new_chat_asked.emit),
            ("Esc", self.stop_asked.emit),
            ("Ctrl+Q", self.close),
            ("Ctrl+/", self._show_shortcuts),
            ("F1", self._show_shortcuts),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(slot)

    def _show_shortcuts(self) -> None:
        # The page's child, and so in its dress.
        show_shortcuts(self._stack.currentWidget() or self)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()
            self.dropping.emit(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.dropping.emit(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.dropping.emit(False)
        event.acceptProposedAction()
        self.models_chosen.emit(dropped_paths(event.mimeData()))

    def closeEvent(self, event: QCloseEvent) -> None:
        question = "" if self._may_close else self.doubts()
        if question:
            event.ignore()
            self._ask(question)
            return
        self.closing.emit()
        super().closeEvent(event)

    def _ask(self, question: str) -> None:
        dialog = QuestionDialog(
            self._stack.currentWidget() or self,  # in the dress of the page on view
            "Close Octavo?",
            question,
            leave="Stay",
            go_on="Close",
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._close_now)
        dialog.open()

    def _close_now(self) -> None:
        self._may_close = True
        self.close()
