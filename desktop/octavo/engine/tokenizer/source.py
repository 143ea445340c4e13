"""What a tokenizer needs to know of a checkpoint: its metadata, and where it lies.

A protocol of our own, because ``tokenizer`` and ``checkpoint`` are neighbours that do not import each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from octavo.engine.errors import UnreadableModel

Value = TypeVar("Value")


class HasValue(Protocol):
    """One metadata value."""

    @property
    def value(self) -> Any:  # one of the GGUF value types; checked where it is read
        """The value itself."""


class TokenizerSource(Protocol):
    """The part of a ``Checkpoint`` that tokenizers and templates read."""

    @property
    def path(self) -> Path:
        """The model's file, or its folder."""

    @property
    def container(self) -> str:
        """``gguf`` or ``safetensors``."""

    @property
    def fields(self) -> Mapping[str, HasValue]:
        """Metadata under GGUF keys."""


def text_field(source: TokenizerSource, key: str, default: str = "") -> str:
    """The string under ``key``."""
    return _typed(source, key, str, default)


def flag_field(source: TokenizerSource, key: str, default: bool) -> bool:
    """The boolean under ``key``."""
    return _typed(source, key, bool, default)


def list_field(source: TokenizerSource, key: str, *kinds: type[Value]) -> list[Value]:
    """The array under ``key``, empty if there is none; its items are of one of ``kinds``."""
    values: list[Value] = _typed(source, key, list, [])
    if not set(map(type, values)) <= set(kinds):
        raise UnreadableModel(f"The model's metadata are damaged: {key} holds values of the wrong type.")
    return values


def token_id_field(source: TokenizerSource, name: str, n_tokens: int) -> int | None:
    """The token id that the metadata call ``name`` (``eos``, ``unknown`` ...), or None.

    An id outside the vocabulary is refused: it would reach the embedding as an index.
    """
    key = f"tokenizer.ggml.{name}_token_id"
    number = _typed(source, key, int, -1)
    if number == -1:
        return None
    if not 0 <= number < n_tokens:
        raise UnreadableModel(f"The model's metadata are damaged: {key} is {number}, of {n_tokens} tokens.")
    return number


def _typed(source: TokenizerSource, key: str, kind: type[Value], default: Value) -> Value:
    field = source.fields.get(key)
    if field is None:
        return default
    value = field.value
    if not isinstance(value, kind):
        raise UnreadableModel(f"The model's metadata are damaged: {key} has the wrong type.")
    return value
