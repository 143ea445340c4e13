"""Formulas in answers: found where they are meant, shown so that they can be read."""

import pytest

from octavo.gui.markdown.formulas import LONGEST, readable
from octavo.gui.markdown.parser import parse
from octavo.gui.markdown.pieces import Run


def runs(source):
    return parse(source).pieces[0].runs


@pytest.mark.parametrize("source", ["$a_b*c*d$", r"\(a_b*c*d\)", r"\[a_b*c*d\]", "$$a_b*c*d$$"])
def test_a_formula_is_one_run_whatever_stands_in_it(source):
    assert runs(f"so {source} holds") == (Run("so "), Run("a_b*c*d", code=True), Run(" holds"))


@pytest.mark.parametrize(
    "source",
    [
        "It costs $5 and $10.",
        "from $5-$10 each",
        "a $ b $ c",
        "no end $x",
        r"no end \(x",
        "$$",
        r"\$5 for 3\$ x",
    ],
)
def test_prices_and_loose_signs_stay_text(source):
    assert not any(run.code for run in runs(source))


def test_code_stays_code():
    assert runs("`$x$`") == (Run("$x$", code=True),)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (r"E = mc^2", "E = mc²"),
        (r"x_1 + x_{10}^{n-1}", "x₁ + x₁₀ⁿ⁻¹"),
        (r"\frac{a}{b}", "a/b"),
        (r"\frac{n(n+1)}{2}", "(n(n+1))/2"),
        (r"\frac{\frac{1}{2}}{x}", "(1/2)/x"),
        (r"\sqrt{b^2 - 4ac}", "√(b² - 4ac)"),
        (r"\left( \alpha \times \beta \right) \leq \infty", "( α × β ) ≤ ∞"),
        (r"v = 3\,\text{m/s}", "v = 3 m/s"),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "a = b\u2028c = d"),
        (r"\unknown{x}^{ab}", r"\unknown{x}^{ab}"),
        (r"\{1, 2\}", "{1, 2}"),
    ],
)
def test_what_has_a_character_is_shown_with_it(source, shown):
    assert readable(source) == shown


@pytest.mark.parametrize("source", ["$a ", r"\( "])
def test_more_loose_signs_than_can_be_searched_become_plain_text(source):
    assert not parse(source * 2_000).is_plain
    assert parse(source * 6_000).is_plain


def test_a_formula_that_is_too_long_stays_text():
    assert not any(run.code for run in runs("$" + "x+" * LONGEST + "x$"))
