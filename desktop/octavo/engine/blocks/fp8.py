"""FP8 E4M3: a sign, four bits of exponent and three of mantissa, as safetensors folders hold weights; not a GGUF type.

Layout of a byte (Open Compute Project, "8-bit Floating Point Specification", E4M3)::

    s eeee mmm      weight = (-1)^s * (1 + m / 8) * 2^(e - 7);  e = 0: (-1)^s * (m / 8) * 2^-6;  s 1111 111: no number
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.arrays import Bytes, Floats


def _value(code: int) -> float:
    exponent, mantissa = code >> 3 & 15, code & 7
    size = (8 + mantissa) * 2.0 ** (exponent - 10) if exponent else mantissa * 2.0**-9
    return float("nan") if code & 127 == 127 else -size if code & 128 else size


_VALUES: npt.NDArray[np.float32] = np.array([_value(code) for code in range(256)], np.float32)


def decode_e4m3(codes: Bytes) -> Floats:
    """The numbers of uint8[...] as float32[...]."""
    return _VALUES[codes]
