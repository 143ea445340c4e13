import re
from importlib.resources import files

import pytest

from octavo.gui.theme.tokens import DARK, LIGHT, Tokens, names

THEMES = pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=lambda each: each.name)
INKS_AND_GROUNDS = [
    *[
        (ink, ground)
        for ink in ("text", "text2", "text3")
        for ground in ("bg", "nav", "surface", "surface2", "hover", "track", "code")
    ],
    ("accent_text", "accent"),
    ("accent_text", "accent_hover"),
    ("accent_ink", "accent_soft"),
    ("accent_ink", "surface"),
    ("accent_ink", "bg"),
    ("ok", "ok_soft"),
    ("warn", "warn_soft"),
    ("danger", "danger_soft"),
    ("danger", "surface"),
    ("danger", "bg"),
    ("text2", "danger_soft"),
    *[(f"code_{kind}", "code") for kind in ("keyword", "string", "name", "comment", "number")],
]


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(tokens: Tokens, first: str, second: str) -> float:
    """WCAG 2.2, contrast ratio."""
    light, dark = sorted(
        (luminance(getattr(tokens, first)), luminance(getattr(tokens, second))), reverse=True
    )
    return (light + 0.05) / (dark + 0.05)


@THEMES
@pytest.mark.parametrize(("ink", "ground"), INKS_AND_GROUNDS)
def test_text_stands_out_from_its_ground(tokens, ink, ground):
    assert contrast(tokens, ink, ground) >= 4.5


@THEMES
@pytest.mark.parametrize("ground", ["bg", "surface"])
@pytest.mark.parametrize("edge", ["field_border", "accent"])
def test_the_edge_of_a_field_stands_out_from_its_ground(tokens, edge, ground):
    assert contrast(tokens, edge, ground) >= 3


@THEMES
@pytest.mark.parametrize("part", ["weights", "kv", "working"])
def test_a_part_of_a_bar_stands_out_from_the_bar(tokens, part):
    assert contrast(tokens, part, "track") >= 2.5


def test_the_style_sheet_knows_no_colour_but_tokens():
    text = (files("octavo_resources") / "theme" / "window.qss").read_text("utf-8")
    used = set(re.findall(r"@([a-z][a-z0-9_]*)", text))

    assert used <= set(names())
    assert not re.search(
        r"#[0-9a-fA-F]{3,8}\b(?!\s*\{)", text.replace("#page", "").replace("#navigation", "")
    )
