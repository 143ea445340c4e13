"""Typed access to metadata: a value of the wrong type or out of range is refused by name."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from octavo.engine.checkpoint.model import Field
from octavo.engine.checkpoint.refusals import shown, unreadable
from octavo.engine.errors import UnreadableModel

Value = TypeVar("Value")

INTEGERS = frozenset({"uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"})
FLOATS = frozenset({"float32", "float64"})


class FieldValues:
    """The metadata of one file, asked for by key, type and range.

    Parameters
    ----------
    path : Path
        Named in refusals.
    fields : mapping of str to Field
    """

    def __init__(self, path: Path, fields: Mapping[str, Field]) -> None:
        self.path = path
        self._fields = fields

    def has(self, key: str) -> bool:
        """Whether there is a value under ``key``."""
        return key in self._fields

    def is_list(self, key: str) -> bool:
        """Whether there is an array under ``key``."""
        field = self._fields.get(key)
        return field is not None and field.kind == "array"

    def refuse(self, reason: str) -> UnreadableModel:
        """The error that says why this model cannot be read."""
        return unreadable(self.path, reason)

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """An integer of any width in ``low..high``; without ``default`` it must be there."""
        field = self._fields.get(key)
        if field is None:
            return self._fallback(key, default)
        if field.kind not in INTEGERS or not low <= field.value <= high:
            raise self._wrong(key, f"is no integer from {low} to {high}")
        return int(field.value)

    def integers(
        self, key: str, n_layers: int, low: int, high: int, default: int | None = None
    ) -> tuple[int, ...]:
        """One integer per layer; a single one stands for all layers."""
        field = self._fields.get(key)
        if field is None or field.kind != "array":
            return (self.integer(key, low, high, default),) * n_layers
        if field.item_kind not in INTEGERS or len(field.value) < n_layers:
            raise self._wrong(key, f"does not hold one integer for each of {n_layers} layers")
        if not all(low <= each <= high for each in field.value[:n_layers]):
            raise self._wrong(key, f"holds integers outside {low} to {high}")
        return tuple(field.value[:n_layers])

    def real(self, key: str, low: float, high: float, default: float | None = None) -> float:
        """A finite number in ``low..high``."""
        field = self._fields.get(key)
        if field is None:
            return self._fallback(key, default)
        is_number = field.kind in FLOATS or field.kind in INTEGERS
        if not is_number or not math.isfinite(field.value) or not low <= field.value <= high:
            raise self._wrong(key, f"is no number from {low:g} to {high:g}")
        return float(field.value)

    def text(self, key: str, default: str | None = None) -> str:
        """A text."""
        field = self._fields.get(key)
        if field is None:
            return self._fallback(key, default)
        if field.kind != "string":
            raise self._wrong(key, "is no text")
        return str(field.value)

    def flag(self, key: str, *, default: bool) -> bool:
        """A truth value."""
        field = self._fields.get(key, Field("bool", default))
        if field.kind != "bool":
            raise self._wrong(key, "is no truth value")
        return bool(field.value)

    def texts(self, key: str) -> list[str]:
        """An array of texts."""
        return self._array(key, frozenset({"string"}), "texts")

    def flags(self, key: str) -> list[bool]:
        """An array of truth values."""
        return self._array(key, frozenset({"bool"}), "truth values")

    def numbers(self, key: str, kinds: frozenset[str]) -> list[float]:
        """An array whose items are of one of ``kinds``."""
        return self._array(key, kinds, "numbers of the right type")

    def _array(self, key: str, kinds: frozenset[str], what: str) -> list[Any]:  # Items are of ``kinds``.
        field = self._fields.get(key)
        if field is None:
            raise self.refuse(f"it does not say {shown(key)}.")
        if field.kind != "array" or field.item_kind not in kinds:
            raise self._wrong(key, f"is no list of {what}")
        return list(field.value)

    def _fallback(self, key: str, default: Value | None) -> Value:
        if default is None:
            raise self.refuse(f"it does not say {shown(key)}.")
        return default

    def _wrong(self, key: str, reason: str) -> UnreadableModel:
        return self.refuse(f"its {shown(key)} {reason}.")


def float32_field(value: float) -> Field:
    """``value`` as a reader of the file would see it, rounded to 32 bits."""
    (rounded,) = struct.unpack("<f", struct.pack("<f", value))
    return Field("float32", rounded)
