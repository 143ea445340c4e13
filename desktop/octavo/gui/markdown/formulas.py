r"""Formulas as models write them, ``$a$``, ``$$a$$``, ``\(a\)`` and ``\[a\]``: kept whole, and made readable.

Nothing is typeset. Signs, powers, fractions and roots become the characters that stand for them; the rest stays LaTeX.
What a dollar sign begins follows pandoc's rule (https://pandoc.org/MANUAL.html#extension-tex_math_dollars), so that
prices stay prices.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.rules_inline import StateInline

LONGEST = 600
MOST_NESTED = 6

_FORMULA = re.compile(
    rf"""\$\$ (?P<displayed> [^$]{{1,{LONGEST}}}? ) \$\$
       | \$ (?! [\s$] ) (?P<dollars> [^$\n]{{1,{LONGEST}}}? ) (?<! [\s\\] ) \$ (?! \d )
       | \\\( (?P<round> .{{1,{LONGEST}}}? ) \\\)
       | \\\[ (?P<square> .{{1,{LONGEST}}}? ) \\\]""",
    re.VERBOSE | re.DOTALL,
)
_DROPPED = re.compile(
    r"\\(?:left|right|displaystyle|limits|[bB]igg?[lr]?)(?![A-Za-z])|\\(?:begin|end)\{[a-z]*\*?\}|\\!"
)
_BLANK = re.compile(r"\\(?:q?quad(?![A-Za-z])|[,;: ])|(?<!\\)[&~]")
_UPRIGHT = re.compile(r"\\(?:text|mathrm|mathbf|mathit|operatorname|boxed|textbf)\{([^{}]*)\}")
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}")
_ROOT = re.compile(r"\\sqrt\{([^{}]*)\}")
_RAISED = re.compile(r"\^(?:\{([0-9+\-nijkT]{1,8})\}|([0-9nT]))")
_LOWERED = re.compile(r"_(?:\{([0-9+\-nijk]{1,8})\}|([0-9nijk]))")
_NAME = re.compile(r"\\([A-Za-z]+)")
_ABOVE = str.maketrans("0123456789+-nijkT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿⁱʲᵏᵀ")
_BELOW = str.maketrans("0123456789+-nijk", "₀₁₂₃₄₅₆₇₈₉₊₋ₙᵢⱼₖ")
_PLAIN = re.compile(r"\w*")
_TABLE = (
    "alpha:α beta:β gamma:γ delta:δ epsilon:ε varepsilon:ε zeta:ζ eta:η theta:θ iota:ι kappa:κ lambda:λ mu:μ nu:ν "
    "xi:ξ pi:π rho:ρ sigma:σ tau:τ phi:φ varphi:φ chi:χ psi:ψ omega:ω Gamma:Γ Delta:Δ Theta:Θ Lambda:Λ Xi:Ξ Pi:Π "
    "Sigma:Σ Phi:Φ Psi:Ψ Omega:Ω times:× cdot:· div:÷ pm:± mp:∓ ast:∗ leq:≤ le:≤ geq:≥ ge:≥ neq:≠ ne:≠ approx:≈ "
    "equiv:≡ sim:∼ propto:∝ ll:≪ gg:≫ sum:∑ prod:∏ int:∫ partial:∂ nabla:∇ infty:∞ in:∈ notin:∉ subset:⊂ "
    "subseteq:⊆ cup:∪ cap:∩ emptyset:∅ forall:∀ exists:∃ neg:¬ land:∧ lor:∨ to:→ rightarrow:→ leftarrow:← "
    "Rightarrow:⇒ Leftarrow:⇐ implies:⇒ iff:⇔ mapsto:↦ ldots:… dots:… cdots:⋯ circ:∘ degree:° angle:∠ perp:⊥ "
    "parallel:∥ langle:⟨ rangle:⟩ sin:sin cos:cos tan:tan log:log ln:ln exp:exp lim:lim max:max min:min"
)
_SIGNS = dict(pair.split(":") for pair in _TABLE.split())


def formula(state: StateInline, silent: bool) -> bool:
    """The rule for markdown-it's inline parser: a token ``formula`` whose content can be read."""
    if state.src[state.pos] not in "$\\":
        return False
    found = _FORMULA.match(state.src, state.pos, min(state.posMax, state.pos + LONGEST + 4))
    if found is None:
        return False
    if not silent:
        token = state.push("formula", "", 0)
        token.content = readable(next(each for each in found.groups() if each is not None))
    state.pos = found.end()
    return True


def readable(source: str) -> str:
    """LaTeX with its signs as characters; what has no character stays as it is."""
    text = _DROPPED.sub("", source.replace("\\\\", "\u2028"))
    text = _BLANK.sub(" ", text)
    for _ in range(MOST_NESTED):
        before = text
        text = _UPRIGHT.sub(r"\1", text)
        text = _RAISED.sub(lambda found: (found[1] or found[2]).translate(_ABOVE), text)
        text = _LOWERED.sub(lambda found: (found[1] or found[2]).translate(_BELOW), text)
        text = _FRACTION.sub(lambda found: f"{_held(found[1])}/{_held(found[2])}", text)
        text = _ROOT.sub(lambda found: f"√{_held(found[1])}", text)
        if text == before:
            break
    text = _NAME.sub(lambda found: _SIGNS.get(found[1], found[0]), text)
    text = re.sub(r"\\([{}$%#_|])", r"\1", text)
    return "\u2028".join(" ".join(line.split()) for line in text.split("\u2028")).strip("\u2028 ")


def _held(part: str) -> str:
    """Part of a fraction or under a root, held together where it is more than a word."""
    return part if _PLAIN.fullmatch(part) else f"({part})"
