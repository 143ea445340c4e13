"""What a converted file says about itself: what its source said, how it is quantized now, and how it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping

from octavo.engine.checkpoint.model import Field

QUANTIZATION_VERSION = 2
UNKNOWN_HASH = "0" * 64
RECIPE_BYTES = 768
"""What ``with_recipe`` adds to the head of a file: always the same, so that sizes are known beforehand."""

_LEFT_BEHIND = ("split.no", "split.count", "split.tensors.count", "general.alignment")
_RECIPE, _SOURCE = "octavo.recipe", "octavo.source.sha256"
# A string's entry in the head: lengths of key and value, and the value's kind.
_ENTRY = 8 + 4 + 8
_RECIPE_TEXT = RECIPE_BYTES - 2 * _ENTRY - len(_RECIPE) - len(_SOURCE) - len(UNKNOWN_HASH)


def told_recipe(fields: Mapping[str, Field]) -> dict[str, str]:
    """What ``with_recipe`` has put into ``fields``, without the blanks; empty if it has not."""
    return {key: str(fields[key].value).strip() for key in (_RECIPE, _SOURCE) if key in fields}


def outgoing_fields(fields: Mapping[str, Field], file_type: int | None) -> dict[str, Field]:
    """The metadata of a file converted from one with ``fields``.

    The quantization version and the file type come last, as llama-quantize has it. A file always gets the
    usual alignment, is never a part of a split one, and tells nothing of how its source was made.

    Parameters
    ----------
    file_type : int or None
        ``general.file_type``; None keeps the source's.
    """
    left_behind = (*_LEFT_BEHIND, _RECIPE, _SOURCE)
    result = {key: field for key, field in fields.items() if key not in left_behind}
    result.pop("general.quantization_version", None)
    result["general.quantization_version"] = Field("uint32", QUANTIZATION_VERSION)
    kept = result.pop("general.file_type", None)
    if file_type is not None:
        result["general.file_type"] = Field("uint32", file_type)
    elif kept is not None:
        result["general.file_type"] = kept
    return result


def with_recipe(
    fields: Mapping[str, Field], recipe: Mapping[str, object], source_sha256: str
) -> dict[str, Field]:
    """Outgoing ``fields`` that also tell how the file was made and from what, in ``RECIPE_BYTES`` more of the head.

    Parameters
    ----------
    recipe : mapping
        Values that JSON knows; blanks fill it up, and if it is too long its longest values are left out.
    source_sha256 : str
        Hexadecimal; zeros as long as it is not known.
    """
    kept = dict(recipe)
    while len(text := json.dumps(kept)) > _RECIPE_TEXT:
        del kept[max(kept, key=lambda key: len(json.dumps(kept[key])))]
    told = {
        _RECIPE: Field("string", text + " " * (_RECIPE_TEXT - len(text))),
        _SOURCE: Field("string", source_sha256),
    }
    last = ("general.quantization_version", "general.file_type")
    return (
        {key: field for key, field in fields.items() if key not in last}
        | told
        | {key: fields[key] for key in last if key in fields}
    )
