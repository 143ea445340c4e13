"""Divergence against its definition in float64, through 16 bits and the cache."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from octavo.engine.errors import OctavoError
from octavo.engine.measure.divergence import ReferenceWindow, joined, perplexity_scores, scores
from octavo.engine.measure.reference_cache import ReferenceCache

N, VOCABULARY = 40, 3000


@pytest.fixture(scope="module")
def threads():
    with ThreadPoolExecutor(2) as threads:
        yield threads


def logits(seed, *, noise_of=None, noise=0.0):
    random = np.random.default_rng(seed)
    if noise_of is not None:
        return noise_of + noise * random.standard_normal((N, VOCABULARY)).astype(np.float32)
    found = 3 * random.standard_normal((N, VOCABULARY)).astype(np.float32)
    found[:, 7] += 12
    found[:, 9] -= 60  # deeper than 16 bits reach
    return found


REFERENCE = logits(0)
TARGETS = np.random.default_rng(9).integers(0, VOCABULARY, N)


def log_softmax(values):
    values = values.astype(np.float64) - values.max(axis=1, keepdims=True)
    return values - np.log(np.exp(values).sum(axis=1, keepdims=True))


@pytest.fixture
def said(threads):
    window = ReferenceWindow.empty(N, VOCABULARY)
    window.take(0, REFERENCE[:25], TARGETS[:25], threads)
    window.take(25, REFERENCE[25:], TARGETS[25:], threads)
    return window


@pytest.mark.parametrize("noise", [0.02, 0.3])
def test_scores_are_those_of_the_definition(said, threads, noise):
    model = logits(1, noise_of=REFERENCE, noise=noise)
    parts = [
        scores(said, 0, model[:11], TARGETS[:11], threads),
        scores(said, 11, model[11:], TARGETS[11:], threads),
    ]
    found = joined(parts)
    p, q = log_softmax(REFERENCE), log_softmax(model)
    assert found.divergence == pytest.approx((np.exp(p) * (p - q)).sum(axis=1), abs=3e-6, rel=1e-3)
    assert found.surprise == pytest.approx(-q[np.arange(N), TARGETS], abs=1e-5)
    assert found.reference_surprise == pytest.approx(-p[np.arange(N), TARGETS], abs=1e-5)
    assert (found.same_top == (p.argmax(axis=1) == q.argmax(axis=1))).all()


def test_sixteen_bits_do_not_show(said, threads):
    """A thousandth of what Q8_0 differs by."""
    found = scores(said, 0, REFERENCE, TARGETS, threads)
    assert found.divergence.max() < 1e-6
    assert found.same_top.all()


def test_perplexity_alone_is_the_same(said, threads):
    assert (perplexity_scores(REFERENCE, TARGETS, threads) == said.surprise).all()


def test_a_model_that_computes_no_numbers_is_refused(threads):
    broken = REFERENCE.copy()
    broken[3, 5] = np.nan
    with pytest.raises(OctavoError, match="no finite numbers"):
        perplexity_scores(broken, TARGETS, threads)


def test_what_was_kept_comes_back_to_the_bit(said, tmp_path):
    cache = ReferenceCache(tmp_path, "model")
    cache.store([1, 2, 3], said)
    found = cache.load([1, 2, 3], N, VOCABULARY)
    for ours, kept in zip(said.arrays(), found.arrays(), strict=True):
        assert (ours == kept).all()
    assert cache.load([1, 2, 4], N, VOCABULARY) is None
    assert ReferenceCache(tmp_path, "another model").load([1, 2, 3], N, VOCABULARY) is None


@pytest.mark.parametrize("harm", ["cut", "longer", "flipped", "other shape"])
def test_a_damaged_file_counts_as_absent_and_goes(said, tmp_path, harm):
    cache = ReferenceCache(tmp_path, "model")
    cache.store([1], said)
    (path,) = tmp_path.glob("*/*")
    data = bytearray(path.read_bytes())
    data[-9] ^= 1 if harm == "flipped" else 0
    path.write_bytes({"cut": data[:-1], "longer": data + b"x"}.get(harm, data))
    shape = (N, VOCABULARY - 1) if harm == "other shape" else (N, VOCABULARY)
    assert cache.load([1], *shape) is None
    assert not path.exists()


def test_longest_unused_windows_go_beyond_the_limit_and_old_ones_always(said, tmp_path):
    size = ReferenceWindow.bytes_for(N, VOCABULARY) + 100
    cache = ReferenceCache(tmp_path, "model", limit_bytes=3 * size)
    now = time.time()
    for age, window in ((20 * 24 * 3600, [0]), (400, [1]), (300, [2]), (200, [3])):
        cache.store(window, said)
        os.utime(cache.path(window), (now - age, now - age))
    cache.load([1], N, VOCABULARY)  # used again
    cache.store([4], said)
    assert [cache.holds([n]) for n in range(5)] == [False, True, False, True, True]
    assert not cache.has_room(4, size)
    assert cache.has_room(2, size)
