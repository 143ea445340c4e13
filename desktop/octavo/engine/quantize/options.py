"""A quantizer's options from what people typed: the fields of its frozen dataclass, by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from octavo.engine.errors import OctavoError
from octavo.engine.quantize.quantizer import Quantizer

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


def option_names(quantizer: Quantizer) -> set[str]:
    """The options that it has."""
    return {each.name for each in dataclasses.fields(quantizer.Options)} if quantizer.Options else set()


def build_options(quantizer: Quantizer, chosen: Mapping[str, Any]) -> Any:  # an instance of its own Options
    """The quantizer's ``Options`` with what was ``chosen``, the rest at its default; None if it has none.

    Values may be text, as the command line gives them, or of the field's own type.

    Raises
    ------
    OctavoError
        For an option that the quantizer does not have, or a value that does not fit it.
    """
    kind = quantizer.Options
    fields = {each.name for each in dataclasses.fields(kind)} if kind is not None else set()
    for name in chosen:
        if name not in fields:
            known = f"It has: {', '.join(sorted(fields))}." if fields else "It has no options."
            raise OctavoError(f"{quantizer.name} has no option {name[:60]!r}.", known)
    if kind is None:
        return None
    types = get_type_hints(kind)
    found = {each.name: each for each in dataclasses.fields(kind)}
    values = {name: _value(quantizer.name, found[name], types[name], value) for name, value in chosen.items()}
    try:
        return kind(**values)
    except (ValueError, TypeError) as error:  # the plugin's own check in __post_init__
        raise OctavoError(f"{quantizer.name} refuses its options: {error}") from error


@dataclass(frozen=True)
class OptionWords:
    """An option as people read of it.

    Parameters
    ----------
    name : str
    takes : str
        What values it takes: ``yes or no``, ``best or quick``, ``a whole number from 1 to 8``.
    default : str
        Empty if that is nothing.
    help : str
    """

    name: str
    takes: str
    default: str
    help: str


def described_options(quantizer: Quantizer) -> list[OptionWords]:
    """The options that it has, in their order."""
    if quantizer.Options is None:
        return []
    types, usual = get_type_hints(quantizer.Options), quantizer.Options()
    found = []
    for each in dataclasses.fields(quantizer.Options):
        value = getattr(usual, each.name)
        default = ("yes" if value else "no") if isinstance(value, bool) else str(value)
        takes = "a path" if each.metadata.get("holds") == "path" else _described(types[each.name], each)
        found.append(OptionWords(each.name, takes, default, str(each.metadata.get("help", ""))))
    return found


def changed_options(options: Any) -> dict[str, Any]:  # an instance of any quantizer's Options, or None
    """The fields that are not at their default, by name; what `build_options` needs to make the same."""
    if options is None:
        return {}
    usual = type(options)()
    values = {each.name: getattr(options, each.name) for each in dataclasses.fields(options)}
    return {name: value for name, value in values.items() if value != getattr(usual, name)}


def _value(
    owner: str, field: dataclasses.Field[Any], kind: Any, value: Any
) -> Any:  # kinds and values of any type come in
    try:
        converted = _converted(kind, value)
        least, most = (field.metadata.get(each) for each in ("minimum", "maximum"))
        # Said so that what is no number lies outside too.
        if not (least is None or converted >= least) or not (most is None or converted <= most):
            raise ValueError(value)
    except (ValueError, TypeError) as error:
        raise OctavoError(
            f"The option {field.name} of {owner} cannot be {str(value)[:60]!r}.",
            f"It takes {_described(kind, field)}.",
        ) from error
    return converted


def _converted(kind: Any, value: Any) -> Any:  # see _value
    if get_origin(kind) is Literal:
        return _choices(kind, value)[0]
    if kind is bool:
        if isinstance(value, bool):
            return value
        text = str(value).lower()
        if text not in _TRUE + _FALSE:
            raise ValueError(text)
        return text in _TRUE
    if kind in (int, float, str):
        return kind(value)
    return value


def _choices(kind: Any, value: Any) -> list[Any]:  # see _value
    found = [each for each in get_args(kind) if str(each).lower() == str(value).lower()]
    if not found:
        raise ValueError(value)
    return found


def _described(kind: Any, field: dataclasses.Field[Any]) -> str:  # see _value
    if get_origin(kind) is Literal:
        return " or ".join(map(str, get_args(kind)))
    names = {bool: "yes or no", int: "a whole number", float: "a number", str: "text"}
    least, most = (field.metadata.get(each) for each in ("minimum", "maximum"))
    limits = [f"from {least}"] * (least is not None) + [f"to {most}"] * (most is not None)
    return " ".join([names.get(kind, "another kind of value"), *limits])
