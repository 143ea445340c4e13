"""A quantizer's options from names and values, as a form, a message or a command line gives them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from octavo.engine.errors import OctavoError

if TYPE_CHECKING:
    from octavo.engine.quantize.quantizer import Quantizer


def quantizer_options(quantizer: Quantizer, values: Mapping[str, Any]) -> Any:  # of the quantizer's own type
    """The quantizer's ``Options`` with ``values`` set, or None where it has no options.

    Parameters
    ----------
    values : mapping of str to object
        Values as they are, or as text: ``{"group_size": "128"}``.
    """
    if quantizer.Options is None:
        if values:
            raise OctavoError(f"{quantizer.name} has no options.")
        return None
    known = [field.name for field in dataclasses.fields(quantizer.Options)]
    for name in values:
        if name not in known:
            raise OctavoError(f"{quantizer.name} has no option {name!r}.", f"It has: {', '.join(known)}.")
    try:
        return msgspec.convert(dict(values), quantizer.Options, strict=False)
    except msgspec.ValidationError as error:
        raise OctavoError(f"{quantizer.name} cannot take these options: {error}.") from error
