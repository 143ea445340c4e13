"""What people may choose about a mixture: how much trouble to take, and the type of single tensors.

The window's form, the command's ``--set`` flags and their help are built from these fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from octavo.engine.errors import OctavoError

_TYPES = {
    "label": "Types of single tensors",
    "help": "Give some tensors another type, for example token_embd=Q8_0,blk.*.ffn_down=Q6_K. "
    "A star stands for anything; the first rule that fits a tensor wins.",
    "holds": "tensor types",
}
_COMPATIBLE = {
    "label": "Same bytes as llama.cpp",
    "help": "Write exactly what llama-quantize would write: the same types, order and bytes. "
    "Calibration, which makes a better file, is then left out.",
}


@dataclass(frozen=True)
class PlainOptions:
    """What people may choose where nothing can be learned about the weights: how they are cut is a fact.

    Parameters
    ----------
    types : str
        Rules for single tensors, as `overrides.parse_overrides` reads them.
    compatible : bool
        Whether the file is to be what ``llama-quantize`` writes, byte for byte.
    """

    types: str = field(default="", metadata=_TYPES)
    compatible: bool = field(default=False, metadata=_COMPATIBLE)

    @property
    def has_imatrix(self) -> bool:
        """Never: there is nothing that an importance matrix could change."""
        return False

    def check(self) -> None:
        """All of these go together."""


@dataclass(frozen=True)
class MixtureOptions:
    """What people may choose about a mixture of quantized types.

    Parameters
    ----------
    mode : str
        ``best`` runs text through the model to learn which weights matter; ``quick`` does not; ``auto`` is
        ``best`` where its forecast is short enough, else ``quick``.
    text : str
        Path of the text for ``best``; empty for the one that comes with Octavo.
    imatrix : str
        Path of an importance matrix that llama.cpp made; empty for none.
    types : str
        Rules for single tensors, as `overrides.parse_overrides` reads them.
    compatible : bool
        Whether the file is to be what ``llama-quantize`` writes, byte for byte.
    """

    mode: Literal["auto", "quick", "best"] = field(
        default="auto",
        metadata={
            "label": "Effort",
            "help": "Best runs a text through the model to learn which weights matter, quick does without. "
            "Auto takes the best that is forecast to end within ten minutes.",
        },
    )
    text: str = field(
        default="",
        metadata={
            "label": "Calibration text",
            "help": "A text file like what the model will be used for. "
            "Without one, best uses the text that comes with Octavo.",
            "holds": "path",
        },
    )
    imatrix: str = field(
        default="",
        metadata={
            "label": "Importance matrix",
            "help": "An imatrix file made by llama.cpp for this model. It says which weights matter.",
            "holds": "path",
        },
    )
    types: str = field(default="", metadata=_TYPES)
    compatible: bool = field(default=False, metadata=_COMPATIBLE)

    @property
    def has_imatrix(self) -> bool:
        """Whether an importance matrix is given, which changes some types."""
        return bool(self.imatrix.strip())

    def check(self) -> None:
        """Raise `OctavoError` for choices that exclude each other."""
        if self.compatible and self.mode == "best":
            raise OctavoError(
                "A calibrated file cannot have the bytes that llama-quantize writes.",
                "Choose mode=quick, or compatible=false.",
            )
