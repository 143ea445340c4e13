"""Ways from page to page: what is asked on one page and done on another, and what is opened from outside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject

from octavo.gui.folder_search import is_one_model
from octavo.gui.pages.chat import ChatPage
from octavo.gui.pages.compare import ComparePage
from octavo.gui.pages.convert import ConvertPage
from octavo.gui.pages.fit import FitPage
from octavo.gui.pages.models import ModelsPage
from octavo.gui.window import MainWindow
from octavo.gui.workspace import Workspace

# What is opened there becomes what they are about.
ABOUT_ONE_MODEL = ("Convert", "Fit")


class Routes(QObject):
    """Joins the pages to each other."""

    def __init__(
        self,
        window: MainWindow,
        workspace: Workspace,
        models: ModelsPage,
        convert: ConvertPage,
        fit: FitPage,
        chat: ChatPage,
        compare: ComparePage,
    ) -> None:
        super().__init__(window)
        self._window, self._workspace = window, workspace
        self._chat, self._compare = chat, compare
        self._opening = ""
        models.chat_asked.connect(self._chat_with)
        models.convert_asked.connect(self._show_convert)
        models.fit_asked.connect(self._show_fit)
        models.compare_asked.connect(self._show_compare)
        fit.convert_asked.connect(self._show_convert)
        convert.jobs.chat_asked.connect(self._chat_with)
        convert.jobs.compare_asked.connect(self._show_compare)
        convert.jobs.converted.connect(self._keep_converted)
        chat.panel.turns.smaller_asked.connect(self._show_convert)
        for page in (models, fit, chat, compare):
            page.file_asked.connect(window.choose_file)
        convert.source_asked.connect(window.choose_file)
        models.folder_asked.connect(window.choose_folder)
        window.models_chosen.connect(self._add_models)
        window.new_chat_asked.connect(self._new_chat)
        window.page_shown.connect(self._note_page)
        workspace.model_changed.connect(self._show_opened)
        workspace.refused.connect(self._show_refusal)

    def open_models(self, paths: Sequence[Path]) -> None:
        """Open models that were named: a file leads to the chat, a folder to its conversion."""
        for path in paths:
            self._workspace.add_model(path)
            self._opening = str(path)
        if paths:
            self._window.show_named("Models")

    def _show_opened(self, path: str) -> None:
        """The model that was to be opened has been read: on to what can be done with it."""
        model = self._workspace.model(path)
        if path == self._opening and model is not None and model.card is not None:
            self._opening = ""
            if model.is_folder:
                self._show_convert(path)
            else:
                self._chat_with(path)

    def _add_models(self, paths: Sequence[Path]) -> None:
        """Put into the list what was chosen or dropped; a whole folder, or what is opened to chat, leads on."""
        page = self._window.page_name
        if len(paths) == 1 and page not in ABOUT_ONE_MODEL and (page == "Chat" or is_one_model(paths[0])):
            self.open_models(paths)
            return
        for path in paths:
            self._workspace.add_model(path)
        if paths and page not in ABOUT_ONE_MODEL:
            self._window.show_named("Models")

    def _show_refusal(self) -> None:
        """Models is where it is said why a file cannot be opened."""
        self._window.show_named("Models")

    def _note_page(self, name: str) -> None:
        if name == "Convert":
            self._window.navigation.show_news("")  # what was interrupted is told there
        if name == "Chat":
            self._chat.panel.propose(self._workspace.selected_path)

    def _chat_with(self, path: str) -> None:
        self._window.show_named("Chat")
        self._chat.panel.chat_with(path)

    def _show_convert(self, path: str) -> None:
        self._workspace.select(path)
        self._window.show_named("Convert")

    def _show_fit(self, path: str) -> None:
        self._workspace.select(path)
        self._window.show_named("Fit")

    def _show_compare(self, first: str, second: str = "") -> None:
        self._compare.compare(first, second)
        self._window.show_named("Compare")

    def _keep_converted(self, output: str) -> None:
        """A conversion joins the list, and the page stays at its source."""
        self._workspace.add_model(Path(output), select=False)

    def _new_chat(self) -> None:
        self._window.show_named("Chat")
        self._chat.begin_new()
