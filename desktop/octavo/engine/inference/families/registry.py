"""Which families can run; adding one is one file (or one that another has) and one line here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from octavo.engine.errors import UnsupportedModel
from octavo.engine.inference.families import (
    exaone4,
    gemma,
    gemma2,
    gemma3,
    granite,
    llama,
    olmo2,
    phi3,
    qwen2,
    qwen3,
    smollm3,
)
from octavo.engine.inference.program_builder import ProgramBuilder

Build = Callable[[ProgramBuilder, npt.NDArray[np.float32] | None], None]

_FAMILIES: dict[str, Build] = {
    "llama": llama.build,
    "qwen2": qwen2.build,
    "qwen3": qwen3.build,
    "qwen3moe": qwen3.build,
    "qwen2vl": qwen2.build,
    "qwen3vl": qwen3.build,
    "gemma": gemma.build,
    "gemma2": gemma2.build,
    "gemma3": gemma3.build,
    "phi3": phi3.build,
    "olmo2": olmo2.build,
    "granite": granite.build,
    "smollm3": smollm3.build,
    "mistral3": llama.build,
    "ernie4_5": llama.build,
    "exaone4": exaone4.build,
}


def family(architecture: str) -> Build:
    """The builder of an architecture; raises UnsupportedModel for an unknown one."""
    if architecture not in _FAMILIES:
        known = ", ".join(sorted(_FAMILIES))
        raise UnsupportedModel(
            f"Models of the architecture {architecture!r} cannot run yet.", f"Supported: {known}."
        )
    return _FAMILIES[architecture]
