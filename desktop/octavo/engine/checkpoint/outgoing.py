"""What a converted file says about itself: what its source said, and how it is quantized now."""

from __future__ import annotations

from collections.abc import Mapping

from octavo.engine.checkpoint.model import Field

QUANTIZATION_VERSION = 2
_LEFT_BEHIND = ("split.no", "split.count", "split.tensors.count", "general.alignment")


def outgoing_fields(fields: Mapping[str, Field], file_type: int | None) -> dict[str, Field]:
    """The metadata of a file converted from one with ``fields``.

    The quantization version and the file type come last, as llama-quantize has it. A file always gets the
    usual alignment, and is never a part of a split one.

    Parameters
    ----------
    file_type : int or None
        ``general.file_type``; None keeps the source's.
    """
    result = {key: field for key, field in fields.items() if key not in _LEFT_BEHIND}
    result.pop("general.quantization_version", None)
    result["general.quantization_version"] = Field("uint32", QUANTIZATION_VERSION)
    kept = result.pop("general.file_type", None)
    if file_type is not None:
        result["general.file_type"] = Field("uint32", file_type)
    elif kept is not None:
        result["general.file_type"] = kept
    return result
