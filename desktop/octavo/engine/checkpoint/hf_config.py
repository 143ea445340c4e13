"""``config.json`` in one dialect, whichever version of transformers wrote it.

Version 4 says ``rope_theta``, ``rope_scaling`` and ``torch_dtype``; version 5 puts the first two into
``rope_parameters`` (per kind of attention where there are two kinds) and says ``dtype``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavo.engine.checkpoint.json_files import JsonObject
from octavo.engine.checkpoint.refusals import shown, unreadable

_MAX_INTEGER = (1 << 32) - 1
_MAX_HEAD_SIZE = 1 << 16


class Config:
    """Values of config.json, asked for by name and type; null counts as missing but for ``is_null``.

    Parameters
    ----------
    path : Path
        Named in refusals.
    content : dict
        ``text_config`` of a multimodal model is laid over the rest.
    defaults : mapping
        What the family assumes where the file says nothing.
    """

    def __init__(self, path: Path, content: JsonObject, defaults: Mapping[str, Any] | None = None) -> None:
        self.path = path
        nested = content.get("text_config")
        merged = content | nested if isinstance(nested, dict) else content
        self._nulls = {key for key, each in merged.items() if each is None}
        self._values = dict(defaults or {}) | {key: each for key, each in merged.items() if each is not None}

    def is_null(self, name: str) -> bool:
        """Whether the file says that there is no such value, so that no default holds."""
        return name in self._nulls

    def value(self, name: str) -> Any:  # Any: unchecked JSON, None if missing.
        """The bare value, or None."""
        return self._values.get(name)

    def integer(self, name: str, default: int | None = None) -> int:
        """An integer that fits 32 bits; without ``default`` it must be there."""
        value = self._values.get(name, default)
        if value is None:
            raise unreadable(self.path, f"it does not say {name}.")
        if type(value) is not int or not 0 <= value <= _MAX_INTEGER:
            raise unreadable(self.path, f"its {name} is no sensible integer.")
        return value

    def real(self, name: str, default: float | None = None) -> float:
        """A finite number."""
        return _real(self.path, self._values, name, default)

    def text(self, name: str, default: str = "") -> str:
        """A text."""
        value = self._values.get(name, default)
        if not isinstance(value, str):
            raise unreadable(self.path, f"its {name} is no text.")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A truth value."""
        value = self._values.get(name, default)
        if not isinstance(value, bool):
            raise unreadable(self.path, f"its {name} is neither true nor false.")
        return value


@dataclass(frozen=True)
class Rope:
    """How positions are rotated.

    Parameters
    ----------
    kind : str
        ``default``, ``linear``, ``yarn``, ``llama3`` or another name of transformers.
    base, local_base : float
        Of layers that see everything, and of those with a window.
    local_kind : str
        The kind of those with a window, where the file says it of them.
    numbers : dict of str to float
        What the kind adds: ``factor``, ``low_freq_factor``, ``beta_fast`` ...
    lists : dict of str to tuple of float
        ``long_factor`` and ``short_factor``.
    truncates : bool
        Whether yarn's ramp begins and ends at whole pairs.
    """

    kind: str
    base: float
    local_base: float
    local_kind: str
    numbers: Mapping[str, float]
    lists: Mapping[str, tuple[float, ...]]
    truncates: bool = True

    def number(self, name: str, default: float) -> float:
        """One of ``numbers``."""
        return self.numbers.get(name, default)


def read_rope(config: Config, base: float, local_base: float) -> Rope:
    """The rotation that ``config`` asks for; ``base`` and ``local_base`` (0: the former) hold where it says nothing."""
    nested = config.value("rope_parameters")
    given = nested if nested is not None else config.value("rope_scaling") or {}
    if not isinstance(given, dict):
        raise unreadable(config.path, "its rope parameters are malformed.")
    full, local = given.get("full_attention", given), given.get("sliding_attention", {})
    if not isinstance(full, dict) or not isinstance(local, dict):
        raise unreadable(config.path, "its rope parameters are malformed.")
    kind = full.get("rope_type", full.get("type", "default"))
    if not isinstance(kind, str):
        raise unreadable(config.path, "its rope type is no text.")
    if kind == "dynamic":  # begins beyond max_position_embeddings, where the context ends
        kind = "default"
    numbers = {
        name: _real(config.path, full, name, None)
        for name, value in full.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }
    for name in ("original_max_position_embeddings", "partial_rotary_factor"):
        if config.value(name) is not None:
            numbers.setdefault(name, config.real(name))
    whole_base = numbers.pop("rope_theta", config.real("rope_theta", base))
    own_base = config.real("rope_local_base_freq", local_base or whole_base)
    return Rope(
        shown(kind),
        whole_base,
        _real(config.path, local, "rope_theta", own_base),
        shown(str(local.get("rope_type", "default"))),
        numbers,
        {name: _reals(config.path, full, name) for name, value in full.items() if isinstance(value, list)},
        full.get("truncate") is not False,
    )


def head_size(config: Config) -> int:
    """Numbers in one attention head."""
    if config.value("head_dim") is not None:
        size = config.integer("head_dim")
    else:
        n_heads = config.integer("num_attention_heads")
        if not n_heads or config.integer("hidden_size") % n_heads:
            raise unreadable(config.path, "its heads do not divide its width.")
        size = config.integer("hidden_size") // n_heads
    if not 1 <= size <= _MAX_HEAD_SIZE:
        raise unreadable(config.path, f"its heads claim a size of {size}.")
    return size


def _reals(path: Path, values: Mapping[str, Any], name: str) -> tuple[float, ...]:
    given = values[name][:_MAX_HEAD_SIZE]
    return tuple(_real(path, {name: each}, name, None) for each in given)


def _real(path: Path, values: Mapping[str, Any], name: str, default: float | None) -> float:
    value = values.get(name)
    value = default if value is None else value
    if value is None:
        raise unreadable(path, f"it does not say {shown(name)}.")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 1e30:
        raise unreadable(path, f"its {shown(name)} is no sensible number.")
    if not math.isfinite(value):
        raise unreadable(path, f"its {shown(name)} is no sensible number.")
    return float(value)
