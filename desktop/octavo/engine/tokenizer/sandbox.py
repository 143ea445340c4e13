"""Jinja as chat templates need it, and nothing more (``trust.md`` T1, T2).

A template comes out of a model file, so it is a program from a stranger. The sandbox keeps it from Python's
inside; the bounds here refuse the cheap ways to eat memory; the limits of ``render_child`` end the rest.
The environment (``trim_blocks``, ``lstrip_blocks``, loop controls, ``{% generation %}``, ``tojson`` without
escapes) is that of transformers' ``chat_template_utils.py``, which templates are written against.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sized
from datetime import datetime
from typing import Any

from jinja2 import Template, nodes
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.ext import Extension
from jinja2.ext import loopcontrols as LoopControls  # noqa: N812 - the class is published in lower case
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_SOURCE_BYTES = 256_000
MAX_OUTPUT_BYTES = 4 * 1024 * 1024
MAX_NESTING = 64
_MAX_LENGTH = 4 * 1024 * 1024
_MAX_BITS = 4_096
_MAX_WIDTH = 100_000
_WIDE_FORMAT = re.compile(r"\d{6,}")
_BLOCKS = frozenset(
    {"for", "if", "macro", "call", "filter", "with", "block", "generation", "autoescape", "raw"}
)


class ConversationRefused(TemplateError):
    """The template called ``raise_exception``."""


class TooLarge(SecurityError):
    """A value or the output grew beyond its bound."""


class Generation(Extension):
    """``{% generation %}`` marks the assistant's text for training; here its body is simply shown."""

    tags = {"generation"}  # noqa: RUF012 - jinja2 declares it so

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The nodes between the tag and its end."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class TemplateSandbox(ImmutableSandboxedEnvironment):
    """The environment that chat templates run in."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, LoopControls])
        for name in ("lipsum", "cycler", "joiner"):
            del self.globals[name]
        self.globals["raise_exception"] = _raise_exception
        self.globals["strftime_now"] = _strftime_now
        self.filters["tojson"] = _tojson
        self._latest: tuple[str, Template] | None = None

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute ``left operator right``, unless the result would be huge."""
        _check_operands(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Call what a template calls, unless the result would be huge; the odd names are jinja2's."""
        _check_call(__obj, args)
        return super().call(__context, __obj, *args, **kwargs)

    def render_bounded(self, source: str, variables: dict[str, Any], max_bytes: int) -> str:
        """Render ``source``; the output may have ``max_bytes`` bytes in UTF-8."""
        pieces = []
        room = max_bytes
        for piece in self._compiled(source).generate(variables):
            room -= len(piece.encode(errors="replace"))
            if room < 0:
                raise TooLarge("its text is too long")
            pieces.append(piece)
        return "".join(pieces)

    def _compiled(self, source: str) -> Template:
        if self._latest is None or self._latest[0] != source:
            self.check_nesting(source)
            self._latest = source, self.from_string(source)
        return self._latest[1]

    def check_nesting(self, source: str) -> None:
        """Refuse what is nested so deeply that compiling it could break the interpreter."""
        if len(source.encode(errors="replace")) > MAX_SOURCE_BYTES:
            raise TooLarge("it is longer than 256 kB")
        brackets = blocks = 0
        opens = False
        for _, kind, value in self.lex(source):
            if kind == "operator":
                brackets += (value in "([{") - (value in ")]}")
            elif kind == "name" and opens:
                blocks += (value in _BLOCKS) - (
                    value.removeprefix("end") in _BLOCKS and value.startswith("end")
                )
            if max(brackets, blocks) > MAX_NESTING:
                raise TooLarge("it is nested too deeply")
            opens = kind == "block_begin" or (opens and kind == "whitespace")


def _check_operands(operator: str, left: Any, right: Any) -> None:
    if operator == "+" and isinstance(left, Sized) and isinstance(right, Sized):
        _check_length(len(left) + len(right))
    elif operator == "*":
        for value, times in ((left, right), (right, left)):
            if isinstance(times, int) and isinstance(value, Sized):
                _check_length(len(value) * times)
        if isinstance(left, int) and isinstance(right, int):
            _check_bits(left.bit_length() + right.bit_length())
    elif operator == "**" and isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() * abs(right))
    elif operator == "%" and isinstance(left, str) and ("*" in left or _WIDE_FORMAT.search(left)):
        raise TooLarge("it pads text too far")


def _check_call(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    owner = getattr(function, "__self__", None)
    if not isinstance(owner, str):
        return
    name = getattr(function, "__name__", "")
    if any(isinstance(each, int) and each > _MAX_WIDTH for each in arguments):
        raise TooLarge("it pads text too far")
    if name in ("format", "format_map") and _WIDE_FORMAT.search(owner):
        raise TooLarge("it pads text too far")
    if name == "replace" and len(arguments) >= 2 and all(isinstance(each, str) for each in arguments[:2]):
        _check_length(len(owner) + owner.count(arguments[0]) * len(arguments[1]))
    if name == "join" and arguments and isinstance(arguments[0], Sized):
        _check_length(len(owner) * len(arguments[0]))


def _check_length(length: int) -> None:
    if length > _MAX_LENGTH:
        raise TooLarge("it builds too long a text")


def _check_bits(n_bits: int) -> None:
    if n_bits > _MAX_BITS:
        raise TooLarge("it computes too large a number")


def _raise_exception(message: object) -> None:
    raise ConversationRefused(str(message))


def _strftime_now(pattern: str) -> str:
    if len(pattern) > 100:
        raise TooLarge("it asks for too long a date")
    return datetime.now().strftime(pattern)


def _tojson(
    value: Any,  # any plain value a template may hold
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    if indent is not None and indent > 64:
        raise TooLarge("it pads text too far")
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )
