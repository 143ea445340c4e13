"""Weights of every kind that has once made an encoder differ from ggml."""

from __future__ import annotations

import numpy as np

ROWS, COLUMNS = 20, 768


def _gaussian() -> np.ndarray:
    return np.random.default_rng(7).standard_normal((ROWS, COLUMNS)).astype(np.float32) * np.float32(0.02)


def _zeros_and_constants() -> np.ndarray:
    weights = _gaussian()
    weights[:, ::3] = 0
    weights[0] = 0
    weights[1, :32] = 0
    weights[2, :16] = 0
    weights[3] = 0.5
    weights[4, :64] = -0.25
    return weights


def _signed_zeros() -> np.ndarray:
    random = np.random.default_rng(8)
    weights = np.where(random.random((ROWS, COLUMNS)) < 0.5, 0.0, -0.0).astype(np.float32)
    weights[:6] += np.abs(_gaussian()[:6]) * (random.random((6, COLUMNS)) < 0.1)
    weights[6:12] -= np.abs(_gaussian()[6:12]) * (random.random((6, COLUMNS)) < 0.1)
    weights[12] = -0.0
    return weights


def _groups_that_vanish() -> np.ndarray:
    """Groups so small beside their neighbours that their 6-bit scale is 0."""
    weights = _gaussian()
    weights.reshape(ROWS, -1, 32)[:, ::2] *= np.float32(1e-4)
    weights.reshape(ROWS, -1, 16)[::3, ::5] *= np.float32(1e-3)
    return weights


def _subnormal() -> np.ndarray:
    weights = _gaussian() * np.float32(1e-36)
    weights[3] *= np.float32(1e-3)
    weights[4:8, :64] = 1e-40
    weights[9:12, 64:96] *= np.float32(1e20)
    return weights


def _one_sided() -> np.ndarray:
    weights = np.random.default_rng(9).laplace(size=(ROWS, COLUMNS)).astype(np.float32)
    weights[::5] = np.abs(weights[::5])
    weights[1::5] = -np.abs(weights[1::5])
    return weights


def _with_outliers() -> np.ndarray:
    weights = _gaussian()
    weights[:, 7] = 30.0
    weights[5, 9] = -3000
    return weights


def _whole_numbers() -> np.ndarray:
    return np.random.default_rng(10).integers(-8, 8, (ROWS, COLUMNS)).astype(np.float32)


def _wide_range() -> np.ndarray:
    """So wide that rounding errors give a group a negative scale, where some weights do not count."""
    random = np.random.default_rng(164)
    sizes = np.float32(10) ** random.uniform(-6, 2, (ROWS, COLUMNS)).astype(np.float32)
    return random.standard_normal((ROWS, COLUMNS)).astype(np.float32) * sizes


KINDS = {
    "gaussian": _gaussian(),
    "zeros and constants": _zeros_and_constants(),
    "signed zeros": _signed_zeros(),
    "groups that vanish": _groups_that_vanish(),
    "subnormal": _subnormal(),
    "one-sided": _one_sided(),
    "with outliers": _with_outliers(),
    "whole numbers": _whole_numbers(),
    "wide range": _wide_range(),
}

_even = np.random.default_rng(11).random(COLUMNS).astype(np.float32) ** 3 + np.float32(1e-5)
_partly_zero = np.random.default_rng(12).random(COLUMNS).astype(np.float32)
_partly_zero[::5] = 0
_partly_zero[64:96] = 0
IMPORTANCES = {"no importance": None, "importance": _even, "importance partly zero": _partly_zero}


def numbered() -> np.ndarray:
    """Weights that do not depend on a random generator's version: float32[8, 768], -0.025 to 0.025."""
    mixed = np.arange(8 * COLUMNS, dtype=np.uint64) * np.uint64(2654435761) % np.uint64(2**32)
    halves = (mixed >> np.uint64(16)).astype(np.float32) + (mixed & np.uint64(0xFFFF)).astype(np.float32)
    return ((halves - np.float32(65536)) / np.float32(2**21 + 2**19)).reshape(8, COLUMNS)
