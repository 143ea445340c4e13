"""Opens a link of an answer in the browser, after the user has seen where it really leads."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QWidget

from octavo.gui.markdown.clean_text import clean

SCHEMES = ("http", "https", "mailto")


def shown_target(target: str) -> str:
    """The target as it will be opened, its host in ASCII (punycode); empty for a link that is not opened."""
    url = QUrl(target, QUrl.ParsingMode.StrictMode)
    if not url.isValid() or url.scheme().lower() not in SCHEMES:
        return ""
    return clean(bytes(url.toEncoded().data()).decode("ascii", "replace"))


def ask_to_open(parent: QWidget, target: str) -> None:
    """Ask, and open ``target`` if the user agrees."""
    shown = shown_target(target)
    if not shown:
        return
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle("Open a link")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText("Open this address in the browser?")
    box.setInformativeText(shown)
    box.setStandardButtons(QMessageBox.StandardButton.Open | QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(QMessageBox.StandardButton.Cancel)
    box.accepted.connect(lambda: QDesktopServices.openUrl(QUrl(target)))
    box.open()
