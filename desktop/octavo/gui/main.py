"""Builds everything once and runs the window; nothing slow happens before the first paint."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from octavo.gui.inspector import Inspector
from octavo.gui.pages.convert import ConvertPage
from octavo.gui.pages.fit import FitPage
from octavo.gui.pages.models import ModelsPage
from octavo.gui.theme.apply import apply_theme
from octavo.gui.theme.fonts import load_fonts
from octavo.gui.window import MainWindow, Place
from octavo.gui.workspace import Workspace
from octavo.plugin.host import PluginHost
from octavo.store.settings import load_settings


def run(argv: Sequence[str]) -> int:
    """Open the window and stay until it is closed; return the exit status."""
    application = QApplication(list(argv))
    application.setApplicationName("Octavo")
    application.setDesktopFileName("octavo")
    load_fonts()
    settings = load_settings()
    apply_theme(application, settings.theme)
    workspace = Workspace(settings, PluginHost(settings.enabled_plugins), Inspector())
    window = build_window(workspace)
    window.show()
    QTimer.singleShot(0, workspace.load_plugins)
    QTimer.singleShot(0, workspace.look_for_models)
    status = application.exec()
    workspace.close()
    return status


def build_window(workspace: Workspace) -> MainWindow:
    """The window with its pages, joined to ``workspace`` and to each other."""
    models, convert, fit = ModelsPage(workspace), ConvertPage(workspace), FitPage(workspace)
    return MainWindow(
        [
            Place("Models", "library", models),
            Place("Convert", "layers", convert),
            Place("Fit", "gauge", fit),
        ]
    )


if __name__ == "__main__":
    sys.exit(run([str(Path(sys.argv[0])), *sys.argv[1:]]))
