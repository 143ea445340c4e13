"""The one table of colours, light and dark; no colour of the window stands anywhere else.

Text colours have a contrast of at least 4.5:1 on every ground that text stands on, borders of fields 3:1
(``tests/gui/test_tokens.py`` computes them).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from PySide6.QtGui import QColor, QGuiApplication, QPalette


@dataclass(frozen=True)
class Tokens:
    """The colours of one theme, each as ``#RRGGBB``.

    ``bg`` is the page, ``surface`` a card, ``surface2`` a quiet area on it; ``text``, ``text2`` and ``text3``
    go from loud to quiet; ``...Soft`` is a ground for the ink of the same name; ``weights``, ``kv``,
    ``working`` and ``other`` are the parts of memory bars.
    """

    name: str
    bg: str
    nav: str
    surface: str
    surface2: str
    hover: str
    border: str
    border_strong: str
    field_border: str
    text: str
    text2: str
    text3: str
    accent: str
    accent_hover: str
    accent_text: str
    accent_soft: str
    accent_ink: str
    ok: str
    ok_soft: str
    warn: str
    warn_soft: str
    danger: str
    danger_soft: str
    weights: str
    kv: str
    working: str
    other: str
    track: str
    code: str
    knob: str
    code_keyword: str
    code_string: str
    code_name: str
    code_comment: str
    code_number: str

    def colour(self, token: str) -> QColor:
        """The colour of that token."""
        return QColor(getattr(self, token))


LIGHT = Tokens(
    name="light",
    bg="#F6F6F4",
    nav="#EFEFEC",
    surface="#FFFFFF",
    surface2="#F1F1ED",
    hover="#E9E9E4",
    border="#E3E2DD",
    border_strong="#CFCEC8",
    field_border="#868B93",
    text="#1E2227",
    text2="#565D68",
    text3="#5F6671",
    accent="#4553C9",
    accent_hover="#3A47B3",
    accent_text="#FFFFFF",
    accent_soft="#ECEEFB",
    accent_ink="#3642A6",
    ok="#1F7A4D",
    ok_soft="#E4F3EA",
    warn="#8F5B06",
    warn_soft="#FBF0DA",
    danger="#B3362C",
    danger_soft="#FBE9E7",
    weights="#5664D6",
    kv="#1F8F86",
    working="#C07F12",
    other="#B9BCC3",
    track="#E9E8E4",
    code="#F6F6F3",
    knob="#FFFFFF",
    code_keyword="#7A3E9D",
    code_string="#2A7348",
    code_name="#2F5FC4",
    code_comment="#626975",
    code_number="#A34E18",
)

DARK = Tokens(
    name="dark",
    bg="#15171B",
    nav="#111316",
    surface="#1D2025",
    surface2="#23272D",
    hover="#2A2F36",
    border="#2C3138",
    border_strong="#414851",
    field_border="#6B7480",
    text="#E9EBEE",
    text2="#A9B0BB",
    text3="#929AA6",
    accent="#8E98FF",
    accent_hover="#A3ABFF",
    accent_text="#14162B",
    accent_soft="#282C48",
    accent_ink="#B9C0FF",
    ok="#6CCB98",
    ok_soft="#1D3329",
    warn="#E3B45C",
    warn_soft="#382C16",
    danger="#F08A80",
    danger_soft="#3B2120",
    weights="#7D89F2",
    kv="#3FB6AC",
    working="#E3AE54",
    other="#5B626D",
    track="#2B3037",
    code="#181B1F",
    knob="#14162B",
    code_keyword="#C792EA",
    code_string="#9CCC8A",
    code_name="#82AAFF",
    code_comment="#8A93A1",
    code_number="#F0A26B",
)


def colour(token: str) -> QColor:
    """A colour of the theme that is on, for painting.

    The application's palette tells which theme that is, so painters follow it without being told.
    """
    window = QGuiApplication.palette().color(QPalette.ColorRole.Window)
    return (DARK if window.lightness() < 128 else LIGHT).colour(token)


def palette(tokens: Tokens) -> QPalette:
    """The Qt palette of a theme, for what the style sheet does not reach."""
    role = QPalette.ColorRole
    made = QPalette()
    for each, token in (
        (role.Window, "bg"),
        (role.WindowText, "text"),
        (role.Base, "surface"),
        (role.AlternateBase, "surface2"),
        (role.Text, "text"),
        (role.PlaceholderText, "text3"),
        (role.Button, "surface"),
        (role.ButtonText, "text"),
        (role.BrightText, "danger"),
        (role.Highlight, "accent"),
        (role.HighlightedText, "accent_text"),
        (role.Link, "accent_ink"),
        (role.LinkVisited, "accent_ink"),
        (role.ToolTipBase, "surface2"),
        (role.ToolTipText, "text"),
        (role.Accent, "accent"),
        (role.Mid, "border_strong"),
        (role.Dark, "border_strong"),
        (role.Midlight, "border"),
        (role.Light, "surface"),
        (role.Shadow, "border_strong"),
    ):
        made.setColor(each, tokens.colour(token))
    for each in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, each, tokens.colour("text3"))
    return made


def names() -> list[str]:
    """The names of all colour tokens."""
    return [each.name for each in fields(Tokens) if each.name != "name"]
