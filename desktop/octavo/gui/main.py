"""Builds everything once and runs the window; nothing slow happens before the first paint."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication

from octavo.gui.chat_desk import ChatDesk
from octavo.gui.conversation import Conversation
from octavo.gui.inspector import Inspector
from octavo.gui.joined_window import JoinedWindow
from octavo.gui.theme.apply import apply_theme
from octavo.gui.theme.fonts import load_fonts
from octavo.gui.widgets.navigation import mark_pixmap
from octavo.gui.workspace import Workspace
from octavo.plugin.host import PluginHost
from octavo.store.chats import ChatStore
from octavo.store.settings import load_settings


def run(argv: Sequence[str]) -> int:
    """Open the window and stay until it is closed; return the exit status."""
    application = QApplication(list(argv))
    application.setApplicationName("Octavo")
    application.setDesktopFileName("octavo")
    load_fonts()
    settings = load_settings()
    apply_theme(application, settings.theme)
    application.setWindowIcon(QIcon(mark_pixmap(64)))
    workspace = Workspace(settings, PluginHost(settings.enabled_plugins), Inspector())
    joined = JoinedWindow(workspace, ChatDesk(), Conversation(ChatStore()))

    def follow_theme() -> None:
        apply_theme(application, workspace.settings.theme)

    joined.theme_chosen.connect(follow_theme)
    QGuiApplication.styleHints().colorSchemeChanged.connect(follow_theme)
    joined.window.show()
    QTimer.singleShot(0, joined.begin_work)
    status = application.exec()
    joined.close()
    return status


if __name__ == "__main__":
    sys.exit(run(sys.argv))
