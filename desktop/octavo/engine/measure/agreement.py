"""A comparison in sentences, which never say more than one answer can show."""

from __future__ import annotations

from octavo.engine.measure.comparison import Candidate, Comparison


def short_names(found: Comparison) -> tuple[str, str]:
    """What to call the models in a sentence: their types where those tell them apart."""
    types = (found.first.type_name, found.second.type_name)
    return types if all(types) and types[0] != types[1] else ("the first", "the second")


def parting_sentence(found: Comparison) -> str:
    """Where the answers part."""
    first, second = short_names(found)
    parting = found.parting
    if found.is_same:
        n = len(found.first.tokens)
        return f"Both say the same {n} tokens." if found.same_tokens else "Both say the same."
    if parting is None:
        n = found.first.same_characters
        return f"The answers part after {n:,} characters." if n else "The answers differ from the beginning."
    begin = f"The first {parting.position:,} tokens are the same. Then" if parting.position > 1 else "Then"
    if parting.position == 1:
        begin = "The first token is the same. Then"
    if not parting.position:
        begin = "They differ from the first token on:"
    one, other = parting.first, parting.second
    # Two that differ in their blank alone are told with it.
    acts = [_act(each, exactly=shown_token(one.text) == shown_token(other.text)) for each in (one, other)]
    return (
        f"{begin} {first} {acts[0]} ({share(one.first)}; {second} gives it {share(one.second)}), and "
        f"{second} {acts[1]} ({share(other.second)}; {first} gives it {share(other.first)})."
    )


def following_sentence(found: Comparison) -> str:
    """How the second model takes the first one's answer; empty where that is not known."""
    first, second = short_names(found)
    following = found.following
    if following is None:
        return ""
    n = len(following.tokens)
    return (
        f"Led along the answer of {first}, {second} holds the same token for the likeliest at "
        f"{following.same_top:,} of {n:,} places ({share(following.same_top / n)}); "
        f"mean KL divergence {following.mean_kl:.4f}."
    )


def share(probability: float) -> str:
    """``62 %``; never a false 0 or 100."""
    if 0 < probability < 0.001:
        return "under 0.1 %"
    if 0.999 < probability < 1:
        return "over 99.9 %"
    digits = 1 if 0 < probability < 0.0995 or 0.9905 < probability < 1 else 0
    return f"{100 * probability:.{digits}f} %"


def _act(candidate: Candidate, *, exactly: bool) -> str:
    return "ends" if candidate.ends else f"says {shown_token(candidate.text, exactly=exactly)}"


def shown_token(text: str, *, exactly: bool = False) -> str:
    """A token in quotation marks, without the blank that begins a word; other blanks are written out."""
    shown = text[1:] if text[:1] == " " and text.strip() and not exactly else text
    return '"' + shown.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + '"'
