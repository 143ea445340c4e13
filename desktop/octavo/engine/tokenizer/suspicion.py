"""What in a chat template a person should look at before trusting it (``trust.md`` T5).

A template can slip words into every prompt, or only into those that mention a certain thing. None of the
findings proves harm; each is a sentence for a notice that can be dismissed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from jinja2 import nodes
from jinja2.exceptions import TemplateError

from octavo.engine.tokenizer.sandbox import TemplateSandbox, TooLarge

_INSIDE_PYTHON = re.compile(
    r"__\w+__|\|\s*attr\b|\bmro\b|\b__|\.(?:func_globals|gi_frame|f_globals|tb_frame)\b"
)
_ADDRESS = re.compile(r"(?:https?|ftp|wss?)://|\bwww\.\w", re.IGNORECASE)
_MARKUP = re.compile(r"\s*[<\[]\W?[\w|:-]+\W?[>\]]\s*")
_PROSE_LENGTH = 80
_PROSE_WORDS = 8


def suspicious(source: str) -> list[str]:
    """One sentence for each kind of oddness in a template's source; empty if there is none."""
    findings = []
    if _INSIDE_PYTHON.search(source):
        findings.append("The template reaches for Python's inside, which no chat format needs.")
    if _ADDRESS.search(source):
        findings.append("The template contains a web address.")
    hidden = sorted({f"U+{ord(each):04X}" for each in source if _is_hidden(each)})
    if hidden:
        findings.append(f"The template contains invisible characters: {', '.join(hidden[:8])}.")
    return findings + _findings_in_code(source)


def _findings_in_code(source: str) -> list[str]:
    sandbox = TemplateSandbox()
    try:
        sandbox.check_nesting(source)
        tree = sandbox.parse(source)
    except TooLarge as error:
        return [f"The template is unusual: {error}."]
    except (TemplateError, RecursionError):
        return ["The template cannot be read as one."]
    findings = []
    names = _content_names(tree)
    prose = next(filter(_is_prose, _texts(tree)), None)
    if prose is not None:
        findings.append(f"The template adds text of its own to the conversation: “{_start(prose)}”.")
    if any(_asks_for_content(test, names) for test in _tests(tree)):
        findings.append("The template behaves differently depending on what a message says.")
    return findings


def _is_hidden(character: str) -> bool:
    """Whether it is a control, a bidirectional or zero-width format, or a tag character."""
    return unicodedata.category(character) in ("Cf", "Cc", "Co", "Cs") and character not in "\n\r\t"


def _texts(tree: nodes.Template) -> Iterator[str]:
    """All text that the template can put out: constants, and what stands outside the tags."""
    for constant in tree.find_all(nodes.Const):
        if isinstance(constant.value, str):
            yield constant.value
    for data in tree.find_all(nodes.TemplateData):
        yield data.data


def _is_prose(text: str) -> bool:
    return len(text) > _PROSE_LENGTH and len(re.findall(r"[^\W\d_]{2,}", text)) >= _PROSE_WORDS


def _start(text: str) -> str:
    shown = "".join(each if each.isprintable() and not _is_hidden(each) else " " for each in text)
    return " ".join(shown.split())[:80]


def _tests(tree: nodes.Template) -> Iterator[nodes.Node]:
    for statement in tree.find_all(nodes.If):
        yield statement.test
    for expression in tree.find_all(nodes.CondExpr):
        yield expression.test
    for loop in tree.find_all(nodes.For):
        if loop.test is not None:
            yield loop.test


def _content_names(tree: nodes.Template) -> set[str]:
    """Variables that hold a message's content, or something made of it."""
    names: set[str] = set()
    assignments = list(tree.find_all(nodes.Assign))
    # A chain of assignments in any order is followed to its end.
    for _ in assignments:
        more = {
            each.target.name
            for each in assignments
            if isinstance(each.target, nodes.Name) and _mentions_content(each.node, names)
        }
        if more <= names:
            break
        names |= more
    return names


def _mentions_content(node: nodes.Node, names: set[str]) -> bool:
    """Whether an expression reads a message's content."""
    own: list[nodes.Node] = [node, *node.find_all(nodes.Node)]
    return any(
        (isinstance(each, nodes.Getattr) and each.attr == "content")
        or (
            isinstance(each, nodes.Getitem)
            and isinstance(each.arg, nodes.Const)
            and each.arg.value == "content"
        )
        or (isinstance(each, nodes.Name) and each.name in names)
        for each in own
    )


def _asks_for_content(test: nodes.Node, names: set[str]) -> bool:
    """Whether a condition compares content with words; tags such as ``</think>`` are part of formats."""
    return any(
        _mentions_content(each, names) and any(map(_is_word, each.find_all(nodes.Const)))
        for each in _comparisons(test)
    )


def _comparisons(test: nodes.Node) -> Iterator[nodes.Node]:
    kinds = (nodes.Compare, nodes.Call)
    if isinstance(test, kinds):
        yield test
    yield from test.find_all(kinds)


def _is_word(constant: nodes.Const) -> bool:
    value = constant.value
    if not isinstance(value, str) or value in ("content", "role", "text", "type"):
        return False
    return bool(re.search(r"\w", value)) and _MARKUP.fullmatch(value) is None
