"""Builds everything once and runs the window; nothing slow happens before the first paint."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication

from octavo.gui.chat_desk import ChatDesk
from octavo.gui.conversation import Conversation
from octavo.gui.garbage import GarbageCollector
from octavo.gui.inspector import Inspector
from octavo.gui.joined_window import JoinedWindow
from octavo.gui.spare_store import file_or_spare
from octavo.gui.theme.apply import apply_theme
from octavo.gui.theme.fonts import load_fonts
from octavo.gui.widgets.navigation import mark_pixmap
from octavo.gui.workspace import Workspace
from octavo.plugin.host import PluginHost
from octavo.store.chats import ChatStore
from octavo.store.ledger import Ledger
from octavo.store.settings import load_settings


def run(argv: Sequence[str], models: Sequence[Path] = (), *, safe_mode: bool = False) -> int:
    """Open the window, with ``models`` if there are any, and stay until it is closed; return the exit status.

    Parameters
    ----------
    safe_mode : bool
        Leave the plugins of others off, whatever the settings say.
    """
    application = QApplication(list(argv))
    application.setApplicationName("Octavo")
    application.setDesktopFileName("octavo")
    load_fonts()
    settings = load_settings()
    sheet = apply_theme(application, settings.theme)
    application.setWindowIcon(QIcon(mark_pixmap(64)))
    workspace = Workspace(settings, PluginHost(), Inspector(), safe_mode=safe_mode)
    ledger, problem = file_or_spare(Ledger, "notes on estimates")
    joined = JoinedWindow(workspace, ChatDesk(), Conversation(ChatStore()), ledger)
    if problem:
        joined.window.navigation.show_news(problem)
    joined.window.wear(sheet)
    if not settings.window:
        joined.window.fit_into(joined.window.screen().availableSize())

    def follow_theme() -> None:
        joined.window.wear(apply_theme(application, workspace.settings.theme))

    joined.theme_chosen.connect(follow_theme)
    QGuiApplication.styleHints().colorSchemeChanged.connect(follow_theme)
    workspace.recall_models()
    joined.window.show()
    garbage = GarbageCollector()
    QTimer.singleShot(0, joined.begin_work)
    if models:
        QTimer.singleShot(0, partial(joined.open_models, models))
    status = application.exec()
    joined.close()
    garbage.stop()
    return status


if __name__ == "__main__":
    sys.exit(run(sys.argv))
