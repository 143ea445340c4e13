"""A measurement in a sentence or two, which never says more than the intervals allow."""

from __future__ import annotations

from octavo.engine.measure.figures import Figure, Figures


def conclusion(figures: Figures) -> str:
    """What the figures mean, for people who have not seen such figures before."""
    ratio, same = figures.perplexity_ratio, figures.same_top_1
    if ratio is None or same is None:
        return (
            f"At each token the model hesitates as if between {figures.perplexity.value:.1f} equally likely ones. "
            "Compare it with the model it was made from to see what is lost."
        )
    agreement = f"It would go on with the same token as the reference in {_percent(same, 1)} of the places"
    return f"{agreement}. {_perplexity(ratio)}"


def _perplexity(ratio: Figure) -> str:
    if ratio.low <= 1 <= ratio.high:
        return (
            f"The perplexity shows no measurable difference ({_signed(ratio.low)} to {_signed(ratio.high)})."
        )
    kind = (
        "higher: some of the quality is lost"
        if ratio.value > 1
        else "lower than the reference's on this text"
    )
    low, high = sorted(abs(each - 1) * 100 for each in (ratio.low, ratio.high))
    return f"Its perplexity is {abs(ratio.value - 1) * 100:.1f} % ({low:.1f} to {high:.1f}) {kind}."


def _signed(ratio: float) -> str:
    return f"{(ratio - 1) * 100:+.1f} %"


def _percent(figure: Figure, digits: int) -> str:
    low, high = (f"{100 * each:.{digits}f}" for each in (figure.low, figure.high))
    return f"{100 * figure.value:.{digits}f} % ({low} to {high})"
