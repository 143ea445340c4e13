"""Keeps the keyboard where the user is when the control that had it disappears."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget


def focus_first(area: QWidget) -> None:
    """Give the keyboard to the control of ``area`` that somebody reads first."""
    controls = [each for each in area.findChildren(QWidget) if _takes_tab(each) and each.isVisibleTo(area)]
    places = [each.mapTo(area, QPoint(0, 0)) for each in controls]
    reading = sorted(range(len(controls)), key=lambda each: (places[each].y(), places[each].x()))
    if reading:
        controls[reading[0]].setFocus()


def _takes_tab(control: QWidget) -> bool:
    is_reached = bool(control.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return is_reached and control.isEnabled() and control.focusProxy() is None


class FocusKeeper(QObject):
    """When something in ``area`` is hidden or switched off while it has the keyboard, ``home`` gets it.

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
        is_gone = not before.isVisibleTo(self._area) or not before.isEnabledTo(self._area)
        if self._area.isAncestorOf(before) and is_gone:
            self._home.setFocus()
