"""One model in the list: name, size, kind, and whether it fits.

The row paints its parts itself: hundreds of rows of a dozen widgets each would hold up every change of theme
and every showing of the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import ceil

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip

from octavo.gui.theme.fonts import MEDIUM, READING, REGULAR, SEMIBOLD, SMALL, TINY, font
from octavo.gui.theme.icons import pixmap
from octavo.gui.theme.tokens import colour
from octavo.gui.widgets.choice_card import ChoiceCard
from octavo.gui.widgets.pill import HEIGHT as PILL_HEIGHT
from octavo.gui.widgets.pill import VERDICTS, paint_ground, pill_margins

PADDING, GAP, LINE_GAP, PILL_GAP = 14, 14, 3, 6
TILE, TILE_RADIUS, ICON = 40, 9, 20
# In a narrower row there is no room to say who keeps the model.
KEEPER_FROM = 430
NARROWEST = 280
DOT = " · "


@dataclass(frozen=True)
class Part:
    """A piece of text in its place; ``tip`` is told where the mouse rests on it."""

    area: QRect
    text: str
    size: int
    weight: QFont.Weight
    tone: str
    is_pill: bool = False
    has_dot: bool = False
    tip: str = ""

    @property
    def shown(self) -> str:
        """The text, cut with … where it is too long."""
        margins = sum(pill_margins(dot=self.has_dot)) if self.is_pill else 0
        elide = Qt.TextElideMode.ElideRight
        return _metrics(self.size, self.weight).elidedText(self.text, elide, self.area.width() - margins)


class ModelRow(ChoiceCard):
    """A model's card in the list."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.name, self.about, self.problem = "", "", ""
        self._container, self._type, self._size, self._icon_name = "", "", "", "box"
        self._keeper, self._original = "", ""
        self._verdict, self._sentence, self.speed = "", "", ""

    def show_model(
        self, name: str, about: str, icon_name: str, container: str, type_name: str, size: str
    ) -> None:
        """Show what a model is."""
        self.name, self.about, self._icon_name = name, about, icon_name
        self._container, self._type, self._size = container, type_name, size
        self.setAccessibleName(f"{name}, {container} {type_name}, {size}. {about}")
        self.update()

    def show_source(self, keeper: str, original: str) -> None:
        """Show who keeps the model, and of which it is a copy, if of any."""
        self._keeper, self._original = keeper, original
        told = (self.accessibleName(), keeper, f"the same file as {original}" if original else "")
        self.setAccessibleName(". ".join(each for each in told if each))
        self.update()

    def show_problem(self, problem: str) -> None:
        """Grey the model out and show why it cannot be used; an empty text means that it can."""
        self.problem = problem
        if problem:
            self.show_fit("", "", "")
            self.setAccessibleDescription(problem)
        self.update()

    def show_fit(self, verdict: str, sentence: str, speed: str) -> None:
        """Show whether it fits this computer, and how fast it would be."""
        self._verdict, self._sentence, self.speed = verdict, sentence, speed
        self.setAccessibleDescription(f"{verdict}. {sentence}")
        self.update()

    def matches(self, words: str) -> bool:
        """Whether the model is among those that ``words`` look for."""
        about = self.problem or self.about
        shown = " ".join((self.name, about, self._container, self._type, self._keeper, self.path)).lower()
        return all(word in shown for word in words.lower().split())

    def parts(self) -> Iterator[Part]:
        """What is written on the row at its present width."""
        right = self.width() - PADDING
        left = PADDING + TILE + GAP
        # The verdict stands beside the first lines, the figures beside the pills.
        ends = beneath = right
        for each in self._right_parts(right):
            if each.is_pill:
                ends = each.area.left() - PILL_GAP
            else:
                beneath = each.area.left() - PILL_GAP
            yield each
        top = PADDING
        about = self.problem or self.about
        about_tone = "danger" if self.problem else "text2"
        for text, size, weight, tone in (
            (self.name, READING, SEMIBOLD, "text3" if self.problem else "text"),
            (about, SMALL, REGULAR, about_tone),
        ):
            height = _metrics(size, weight).height()
            yield Part(QRect(left, top, ends - left, height), text, size, weight, tone)
            top += height + LINE_GAP
        yield from self._pills(left, top + 4, beneath)

    def _right_parts(self, right: int) -> Iterator[Part]:
        """The verdict above, the figures below, both up to ``right``."""
        if self._verdict in VERDICTS:
            text, tone = VERDICTS[self._verdict]
            width = _pill_width(text, dot=True)
            area = QRect(right - width, PADDING, width, PILL_HEIGHT)
            yield Part(area, text, TINY, MEDIUM, tone, is_pill=True, has_dot=True, tip=self._sentence)
        figures = [(self._size, MEDIUM, "text")]
        if self.speed:
            figures += [(DOT, REGULAR, "text3"), (self.speed, REGULAR, "text2")]
        for text, weight, tone in reversed(figures):
            width, height = _text_width(text, SMALL, weight), _metrics(SMALL, weight).height()
            right -= width
            yield Part(
                QRect(right, self.height() - PADDING - height, width, height), text, SMALL, weight, tone
            )

    def _pills(self, left: int, top: int, ends: int) -> Iterator[Part]:
        tip = f"The same file as {self._original}" if self._original else ""
        pills = [(self._container, "text2", ""), (self._type, "text2", "")]
        if self._original:
            pills.append(("Copy", "warn", tip))
        for text, tone, tip in pills:
            room = ends - left
            if text and room > 2 * PILL_HEIGHT:
                width = min(_pill_width(text), room)
                area = QRect(left, top, width, PILL_HEIGHT)
                yield Part(area, text, TINY, MEDIUM, tone, is_pill=True, tip=tip)
                left += width + PILL_GAP
        if self._keeper and self.width() >= KEEPER_FROM:
            area = QRect(left, top, max(ends - left, 0), PILL_HEIGHT)
            yield Part(area, self._keeper, TINY, REGULAR, "text3")

    def sizeHint(self) -> QSize:
        lines = _metrics(READING, SEMIBOLD).height() + _metrics(SMALL, REGULAR).height()
        return QSize(KEEPER_FROM, 2 * PADDING + lines + 2 * LINE_GAP + 4 + PILL_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(NARROWEST, self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = next((each for each in self.parts() if each.area.contains(event.pos())), None)
            full = at.text if at is not None and at.shown != at.text else ""
            QToolTip.showText(event.globalPos(), (at.tip or full) if at is not None else "", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_tile(painter)
        for each in self.parts():
            _paint_part(painter, each)

    def _paint_tile(self, painter: QPainter) -> None:
        name, ground, ink = self._icon_name, "surface2", "text2"
        if self.problem:
            name, ground, ink = "triangle-alert", "danger_soft", "danger"
        elif self.isChecked():
            ground, ink = "accent_soft", "accent_ink"
        tile = QRect(PADDING, (self.height() - TILE) // 2, TILE, TILE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(ground))
        painter.drawRoundedRect(tile, TILE_RADIUS, TILE_RADIUS)
        inset = (TILE - ICON) // 2
        painter.drawPixmap(tile.left() + inset, tile.top() + inset, pixmap(name, colour(ink), ICON))


def _paint_part(painter: QPainter, part: Part) -> None:
    area = part.area
    if part.is_pill:
        paint_ground(painter, area, part.tone, dot=part.has_dot)
        before, after = pill_margins(dot=part.has_dot)
        area = area.adjusted(before, 0, -after, 0)
    painter.setPen(colour(part.tone))
    painter.setFont(_font(part.size, part.weight))
    painter.drawText(area, Qt.AlignmentFlag.AlignVCenter.value | Qt.TextFlag.TextSingleLine.value, part.shown)


def _pill_width(text: str, *, dot: bool = False) -> int:
    return _text_width(text, TINY, MEDIUM) + sum(pill_margins(dot=dot))


def _text_width(text: str, size: int, weight: QFont.Weight) -> int:
    """What the text needs so as not to be cut, pixels: advances are fractions."""
    return ceil(QFontMetricsF(_font(size, weight)).horizontalAdvance(text)) + 1


@cache
def _font(size: int, weight: QFont.Weight) -> QFont:
    return font(size, weight)


@cache
def _metrics(size: int, weight: QFont.Weight) -> QFontMetrics:
    return QFontMetrics(_font(size, weight))
