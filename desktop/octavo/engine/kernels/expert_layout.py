"""How a mixture of experts lies in the working memory; pure arithmetic, shared by kernels, loader and estimates."""

from __future__ import annotations

CHOICE = 16  # bytes: int64 expert or token, float32 weight
JOB = 24  # bytes: int64 expert, first row, number of rows
FEW = 4  # rows of a job that are multiplied one by one
FEW_GROUPS = 16  # groups of 16 weight rows whose results are kept meanwhile: with few rows, and with many
BLOCK_GROUPS = 4


def choices_bytes(n_experts: int, n_used: int, batch: int) -> int:
    """Bytes of a thread's lists of jobs and rows, counters before them."""
    return 8 * (n_experts + 1) + JOB * n_experts + CHOICE * batch * n_used


def blocks_bytes(batch: int) -> int:
    """Bytes of a thread's results of gate and up: one block of weight rows for all rows of a job."""
    return 2 * 64 * max(BLOCK_GROUPS * batch, FEW_GROUPS * FEW)
