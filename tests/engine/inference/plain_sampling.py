"""What ``Sampler`` means, in plain numpy."""

from __future__ import annotations

import numpy as np

from octavo.engine.inference.sampling import Sampling


def adjusted(logits, sampling, history):
    """The logits with biases and penalties."""
    logits = logits.astype(np.float32)
    for token, value in sampling.biases:
        logits[token] = np.float64(logits[token]) + value
    recent = np.asarray(history, np.int64)[max(0, len(history) - sampling.penalty_tokens) :]
    for token, count in zip(*np.unique(recent, return_counts=True), strict=True):
        value = np.float64(logits[token])
        value = value / sampling.repeat_penalty if value > 0 else value * sampling.repeat_penalty
        logits[token] = value - (count * sampling.frequency_penalty + sampling.presence_penalty)
    return logits


def first(keys, weights, share):
    """Which come first by key until their weights make a share of all; indices in order."""
    order = np.argsort(keys, kind="stable")
    before = np.cumsum(weights[order]) - weights[order]
    return np.sort(order[before < share * weights.sum()])


def candidates(logits, sampling: Sampling, history=(), mask=None):
    """Which tokens may be drawn, in order, and with which probabilities."""
    logits = adjusted(logits, sampling, history)
    if mask is not None:
        logits[mask == 0] = -np.inf
    if sampling.temperature == 0:
        return np.array([logits.argmax()]), np.ones(1)
    largest = np.float64(logits.max())
    with np.errstate(divide="ignore"):
        floor = largest + sampling.temperature * np.log(sampling.min_p)
    ids = np.flatnonzero((logits >= floor) & (logits >= largest - 29 * sampling.temperature))
    if sampling.top_k:
        ids = np.sort(ids[np.argsort(-logits[ids], kind="stable")][: sampling.top_k])
    # In whole steps, so that sums are exact.
    weights = np.rint(2.0**40 * np.exp((logits[ids].astype(np.float64) - largest) / sampling.temperature))
    if sampling.typical_p < 1:
        log_p = logits[ids].astype(np.float64) / sampling.temperature
        log_p -= log_p.max() + np.log(weights.sum() / 2.0**40)
        entropy = -(weights / weights.sum() * log_p).sum()
        kept = first(np.abs(-log_p - entropy).astype(np.float32), weights, sampling.typical_p)
        ids, weights = ids[kept], weights[kept]
    if sampling.top_p < 1:
        kept = first(-logits[ids], weights, sampling.top_p)
        ids, weights = ids[kept], weights[kept]
    return ids, weights / weights.sum()
