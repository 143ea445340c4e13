"""A comparison as the Compare page shows it: marked texts, figures, what is going on."""

from __future__ import annotations

from octavo.engine.measure.agreement import share, short_names, shown_token
from octavo.engine.measure.comparison import Answer, Comparison
from octavo.gui.markdown.clean_text import clean
from octavo.gui.widgets.marked_text import DOTTED, PARTING, PLAIN, Stretch
from octavo.gui.wording import byte_count, count, duration, file_name, first_word, speed
from octavo.gui.workspace import Model
from octavo.worker.protocol import Progressed

EXAMPLES = (
    "Explain in three sentences why the sky is blue.",
    "Write a short, polite email that moves a meeting to Thursday.",
    "What is 17 times 23? Show the steps.",
    "Write a Python function that tells whether a word is a palindrome.",
    "Name five rivers in Europe, each with a country that it flows through.",
    "Translate into French: The train leaves at half past eight.",
)
ENDS = "\u2009[ends here]"
_STAGES = {
    "compile": "Preparing the engine for this processor",
    "load": "Loading",
    "prefill": "Reading the prompt",
    "measure": "Comparing token by token",
}


def model_line(model: Model) -> str:
    """``Q8_0 · 145 MB · SmolLM2-Q8_0.gguf``."""
    parts = [model.type_name, byte_count(model.n_bytes) if model.n_bytes else "", file_name(model.path)]
    return " · ".join(filter(None, parts))


def going_on(event: Progressed) -> str:
    """What the engine is doing, with its share."""
    told = f" {event.done / event.total:.0%}" if event.total else ""
    return f"{_STAGES.get(event.stage, event.stage)}{told}"


def figures(answer: Answer) -> str:
    """``12 tok/s · 64 tokens · needs 320 MB · first word after 0.3 s``."""
    told = [speed(answer.tokens_per_second), f"{count(len(answer.tokens))} tokens"]
    if answer.finish == "length":
        told[-1] += ", cut"
    told.append(f"needs {byte_count(answer.memory_bytes)}")
    told.append(first_word(answer.first_token_seconds))
    if answer.load_seconds:
        told.append(f"loaded in {duration(answer.load_seconds)}")
    return " · ".join(told)


def plain(answer: Answer) -> list[Stretch]:
    """An answer without marks, as a blind vote sees it."""
    return [Stretch(clean(answer.text))]


def marked(found: Comparison, number: int) -> list[Stretch]:
    """Answer ``number`` with the parting, and, on the first, the places where the second would say something else."""
    answer = (found.first, found.second)[number]
    if found.is_same and found.following is None:
        return plain(answer)
    begin, end = answer.same_characters, answer.same_characters + answer.marked_characters
    if number or found.following is None:
        parts = [(answer.text[:begin], PLAIN, ""), (answer.text[begin:end], PARTING, _parting_tip(found))]
        parts.append((answer.text[end:], PLAIN, ""))
    else:
        parts = _followed(found, begin, end)
    stretches = [each for text, look, tip in parts for each in _without_blanks(clean(text), look, tip)]
    if not found.is_same and not answer.marked_characters and begin >= len(answer.text):
        stretches.append(Stretch(ENDS, PARTING, _parting_tip(found)))
    return stretches


def _without_blanks(text: str, look: str, tip: str) -> list[Stretch]:
    """A stretch whose mark begins at what can be seen."""
    seen = text.lstrip()
    if look == PLAIN or not seen:
        return [Stretch(text, look, tip)]
    return [Stretch(text[: len(text) - len(seen)]), Stretch(seen, look, tip)]


def _followed(found: Comparison, begin: int, end: int) -> list[tuple[str, str, str]]:
    assert found.following is not None
    second = short_names(found)[1]
    text, parts, start = found.first.text, [], 0
    for token in found.following.tokens:
        look, tip = PLAIN, ""
        if not found.is_same and start == begin < token.end <= end:
            look, tip = PARTING, _parting_tip(found)
        elif token.choice:
            look = DOTTED
            tip = (
                f"{second} would rather say {shown_token(token.choice)}; it gives this {share(token.second)}."
            )
        parts.append((text[start : token.end], look, tip))
        start = max(start, token.end)
    return [*parts, (text[start:], PLAIN, "")]


def _parting_tip(found: Comparison) -> str:
    if found.parting is None:
        return "Here the two part."
    names = short_names(found)
    told = []
    for candidate in (found.parting.first, found.parting.second):
        what = "The end" if candidate.ends else shown_token(candidate.text)
        told.append(f"{what}: {names[0]} {share(candidate.first)}, {names[1]} {share(candidate.second)}")
    return clean("\n".join(told))


def legend(found: Comparison) -> str:
    """What the marks mean, and how the two were in memory."""
    told = []
    if not found.is_same:
        told.append("Highlighted: where they part.")
    if found.following is not None and any(each.choice for each in found.following.tokens):
        told.append(f"Dotted: where {short_names(found)[1]} would say something else (point at it).")
    told.append(
        "Both were in memory together."
        if found.were_together
        else "One was loaded after the other: together they would take too much memory."
    )
    return " ".join([*told, *found.notes])
