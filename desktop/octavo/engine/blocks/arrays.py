"""Names for the array types that pass through the block formats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
# An array of one format's BLOCK, a structured dtype.
Blocks = NDArray[np.void]
