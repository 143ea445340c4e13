"""Types that people choose for single tensors: ``token_embd=Q8_0,blk.*.ffn_down=Q6_K``.

Like ``llama-quantize --tensor-type``, but a rule names whole parts of a name, so that ``output`` does not mean
``attn_output`` too, and ``blk.1`` not ``blk.10``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.errors import OctavoError

# What engine/blocks can encode; told here without loading numpy, for the window plans while people type.
WRITABLE_TYPES = (
    *("F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_K", "Q5_1", "Q5_0", "Q4_K", "Q4_1", "Q4_0"),
    *("IQ4_NL", "IQ4_XS", "MXFP4", "Q3_K", "Q2_K"),
)
_EXAMPLE = "Write rules like token_embd=Q8_0,blk.*.ffn_down=Q6_K."


@dataclass(frozen=True)
class Override:
    """One rule.

    Parameters
    ----------
    pattern : str
        Whole parts of a tensor's name; ``*`` stands for anything, ``?`` for one character.
    type_name : str
        The type that the tensors get.
    """

    pattern: str
    type_name: str

    def fits(self, name: str) -> bool:
        """Whether the tensor called ``name`` is meant."""
        return _compiled(self.pattern).search(name) is not None


def parse_overrides(text: str) -> list[Override]:
    """Read rules parted by commas or blanks.

    Raises
    ------
    OctavoError
        A rule is no rule, or names a type that cannot be written.
    """
    return [_parsed(each) for each in re.split(r"[,;\s]+", text) if each]


def require_used(overrides: Sequence[Override], tensors: Sequence[TensorInfo]) -> None:
    """Raise `OctavoError` for a rule that fits none of the ``tensors``: it has a mistake in it."""
    for each in overrides:
        if not any(each.fits(tensor.name) for tensor in tensors):
            raise OctavoError(
                f"No tensor of this model that can change its type is called {each.pattern[:60]!r}.",
                f"There are: {_kinds(tensors)}.",
            )


def _parsed(rule: str) -> Override:
    pattern, equals, wanted = rule.rpartition("=")
    if not equals or not pattern or not wanted:
        raise OctavoError(f"{rule[:60]!r} is no rule for the type of a tensor.", _EXAMPLE)
    if wanted.upper() not in WRITABLE_TYPES:
        raise OctavoError(
            f"Tensors cannot be written as {wanted[:20]!r}.", f"There are: {', '.join(WRITABLE_TYPES)}."
        )
    return Override(pattern, wanted.upper())


@lru_cache(256)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*+|\?)", pattern)
    body = "".join({"*": ".*", "?": "."}.get(part[:1], re.escape(part)) for part in parts)
    return re.compile(rf"(?:^|\.){body}(?:\.|$)", re.IGNORECASE)


def _kinds(tensors: Sequence[TensorInfo]) -> str:
    """The names, each once, with a star for the number of the layer."""
    names = (re.sub(r"\.\d+\.", ".*.", tensor.name.removesuffix(".weight")) for tensor in tensors)
    return ", ".join(dict.fromkeys(names))
