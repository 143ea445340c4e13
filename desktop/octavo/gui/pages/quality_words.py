"""Figures of quality as people read them: always with their interval."""

from __future__ import annotations

from octavo.engine.measure.figures import Figure, Figures


def agreement(figures: Figures) -> tuple[str, str]:
    """``98.2 %`` and ``same word ±0.4``: how often both hold the same token for the likeliest."""
    top = figures.same_top_1
    if top is None:
        return "", "agreement"
    half = (top.high - top.low) / 2
    return f"{top.value:.1%}", f"agreement ±{100 * half:.1f}"


def quality_facts(figures: Figures) -> list[tuple[str, str]]:
    """The lines of the panel."""
    facts = []
    if figures.mean_kl is not None:
        facts.append(("Difference (KL)", _with_interval(figures.mean_kl, 4)))
    if figures.same_top_1 is not None:
        top = figures.same_top_1
        facts.append(("Same top token", f"{top.value:.1%} ±{50 * (top.high - top.low):.1f}"))
    if figures.perplexity_ratio is not None:
        facts.append(("Perplexity ratio", f"×{_with_interval(figures.perplexity_ratio, 3)}"))
    return facts


def _with_interval(figure: Figure, digits: int) -> str:
    return f"{figure.value:.{digits}f} ±{(figure.high - figure.low) / 2:.{digits}f}"
