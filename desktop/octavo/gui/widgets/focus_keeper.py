"""Keeps the keyboard where the user is when the control that had it disappears."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QWidget


class FocusKeeper(QObject):
    """When something in ``area`` is hidden while it has the keyboard, ``home`` gets it.

    Qt would give it to the next control of the window, from where Enter leads to another page.
    """

    def __init__(self, area: QWidget, home: QWidget) -> None:
        super().__init__(area)
        self._area, self._home = area, home
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._follow)

    def _follow(self, before: QWidget | None, now: QWidget | None) -> None:
        # Without a next control the window itself is going.
        if before is None or now is None:
            return
        if self._area.isAncestorOf(before) and not before.isVisibleTo(self._area):
            self._home.setFocus()
