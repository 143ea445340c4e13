"""One model in the list: name, size, kind, and whether it fits.

A row is a text in places, painted where it is on view: hundreds of rows of a widget each would hold up every
start, every change of theme and every showing of the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import ceil

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QFont, QFontMetrics, QFontMetricsF, QPainter

from octavo.gui.theme.fonts import MEDIUM, READING, REGULAR, SEMIBOLD, SMALL, TINY, font
from octavo.gui.theme.icons import pixmap
from octavo.gui.theme.tokens import colour
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


@dataclass(frozen=True)
class ModelRow:
    """What is written on a model's card in the list."""

    path: str
    name: str
    about: str = ""
    icon_name: str = "box"
    container: str = ""
    type_name: str = ""
    size: str = ""
    keeper: str = ""
    original: str = ""
    problem: str = ""
    verdict: str = ""
    sentence: str = ""
    speed: str = ""

    @property
    def spoken(self) -> str:
        """What a screen reader says of it."""
        copied = f"the same file as {self.original}" if self.original else ""
        told = f"{self.name}, {self.container} {self.type_name}, {self.size}. {self.about}"
        return ". ".join(each for each in (told, self.keeper, copied) if each)

    @property
    def spoken_state(self) -> str:
        """What a screen reader adds: why it cannot be used, or whether it fits this computer."""
        return self.problem or ". ".join(each for each in (self.verdict, self.sentence) if each)

    def matches(self, words: str) -> bool:
        """Whether the model is among those that ``words`` look for."""
        about = self.problem or self.about
        shown = (self.name, about, self.container, self.type_name, self.keeper, self.path)
        told = " ".join(shown).lower()
        return all(word in told for word in words.lower().split())

    def parts(self, card: QRect) -> Iterator[Part]:
        """What is written on it, each in its place on ``card``."""
        right = card.right() + 1 - PADDING
        left = card.left() + PADDING + TILE + GAP
        # The verdict stands beside the first lines, the figures beside the pills.
        ends = beneath = right
        for each in self._right_parts(card, right):
            if each.is_pill:
                ends = each.area.left() - PILL_GAP
            else:
                beneath = each.area.left() - PILL_GAP
            yield each
        top = card.top() + PADDING
        about = self.problem or self.about
        about_tone = "danger" if self.problem else "text2"
        for text, size, weight, tone in (
            (self.name, READING, SEMIBOLD, "text3" if self.problem else "text"),
            (about, SMALL, REGULAR, about_tone),
        ):
            height = _metrics(size, weight).height()
            yield Part(QRect(left, top, ends - left, height), text, size, weight, tone)
            top += height + LINE_GAP
        yield from self._pills(left, top + 4, beneath, has_keeper=card.width() >= KEEPER_FROM)

    def _right_parts(self, card: QRect, right: int) -> Iterator[Part]:
        """The verdict above, the figures below, both up to ``right``."""
        if self.verdict in VERDICTS:
            text, tone = VERDICTS[self.verdict]
            width = _pill_width(text, dot=True)
            area = QRect(right - width, card.top() + PADDING, width, PILL_HEIGHT)
            yield Part(area, text, TINY, MEDIUM, tone, is_pill=True, has_dot=True, tip=self.sentence)
        figures = [(self.size, MEDIUM, "text")]
        if self.speed:
            figures += [(DOT, REGULAR, "text3"), (self.speed, REGULAR, "text2")]
        for text, weight, tone in reversed(figures):
            width, height = _text_width(text, SMALL, weight), _metrics(SMALL, weight).height()
            right -= width
            area = QRect(right, card.bottom() + 1 - PADDING - height, width, height)
            yield Part(area, text, SMALL, weight, tone)

    def _pills(self, left: int, top: int, ends: int, *, has_keeper: bool) -> Iterator[Part]:
        tip = f"The same file as {self.original}" if self.original else ""
        pills = [(self.container, "text2", ""), (self.type_name, "text2", "")]
        if self.original:
            pills.append(("Copy", "warn", tip))
        for text, tone, tip in pills:
            room = ends - left
            if text and room > 2 * PILL_HEIGHT:
                width = min(_pill_width(text), room)
                area = QRect(left, top, width, PILL_HEIGHT)
                yield Part(area, text, TINY, MEDIUM, tone, is_pill=True, tip=tip)
                left += width + PILL_GAP
        if self.keeper and has_keeper:
            area = QRect(left, top, max(ends - left, 0), PILL_HEIGHT)
            yield Part(area, self.keeper, TINY, REGULAR, "text3")

    def tip_at(self, card: QRect, place: QPoint) -> str:
        """What to tell where the mouse rests on ``card``: more of a pill, or all of a text that is cut."""
        at = next((each for each in self.parts(card) if each.area.contains(place)), None)
        if at is None:
            return ""
        return at.tip or (at.text if at.shown != at.text else "")


def row_height() -> int:
    """How high a card is, pixels."""
    lines = _metrics(READING, SEMIBOLD).height() + _metrics(SMALL, REGULAR).height()
    return 2 * PADDING + lines + 2 * LINE_GAP + 4 + PILL_HEIGHT


def paint_row(painter: QPainter, card: QRect, row: ModelRow, *, is_chosen: bool) -> None:
    """Paint what is written on ``card``."""
    _paint_tile(painter, card, row, is_chosen=is_chosen)
    for each in row.parts(card):
        _paint_part(painter, each)


def _paint_tile(painter: QPainter, card: QRect, row: ModelRow, *, is_chosen: bool) -> None:
    name, ground, ink = row.icon_name, "surface2", "text2"
    if row.problem:
        name, ground, ink = "triangle-alert", "danger_soft", "danger"
    elif is_chosen:
        ground, ink = "accent_soft", "accent_ink"
    tile = QRect(card.left() + PADDING, card.top() + (card.height() - TILE) // 2, TILE, TILE)
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
