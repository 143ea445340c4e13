"""Where the fields of a weight descriptor stand: int64[12], one for each matrix, read by compiled code."""

from __future__ import annotations

WEIGHTS = 0  # address of the first group
ROWS = 8
COLUMNS = 16
N_GROUPS = 24
GROUP_BYTES = 32
META_BYTES = 40  # of one group, padding included
MATVEC = 48  # address of its matrix-vector entry
PANEL = 56  # address of its panel entry
KIND = 64  # which tile multiplies its panels
BIAS = 80  # address of float32[rows], or 0
TILE = 88  # address of the entry that multiplies its panels
SIZE = 96

# Kinds of panel.
FLOAT = 0
SCALED = 1
AFFINE = 2
SCALED_16 = 3
AFFINE_16 = 4
SCALED_SMALL = 5  # as SCALED, with units of -16 to 15
