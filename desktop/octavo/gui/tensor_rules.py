"""Types that the user gave to single tensors, as the rules that a quantizer's option takes and back again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.errors import OctavoError
from octavo.engine.quantize.overrides import parse_overrides

_NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")


def chosen_types(rules: str, tensors: Iterable[TensorInfo]) -> dict[str, str]:
    """The type that ``rules`` give to each tensor that they mean; none where they are no rules."""
    try:
        parsed = parse_overrides(rules)
    except OctavoError:  # the form says so beside its field
        return {}
    chosen = {}
    for tensor in tensors:
        first = next((each for each in parsed if each.fits(tensor.name)), None)
        if first is not None:
            chosen[tensor.name] = first.type_name
    return chosen


def rules_for(chosen: Mapping[str, str], tensors: Sequence[TensorInfo]) -> str:
    """The shortest rules that give each tensor its ``chosen`` type: one with a star where all layers agree."""
    kinds: dict[str, list[str]] = {}
    for tensor in tensors:
        kinds.setdefault(_NUMBER.sub("*", tensor.name), []).append(tensor.name)
    rules = []
    for kind, names in kinds.items():
        types = {chosen.get(name, "") for name in names}
        if len(types) == 1:
            rules += [f"{_short(kind)}={type_name}" for type_name in types if type_name]
        else:
            rules += [f"{_short(name)}={chosen[name]}" for name in names if name in chosen]
    return ",".join(rules)


def _short(name: str) -> str:
    return name.removesuffix(".weight")
