"""Attention against numpy: every kind of cache, windows in rings, soft caps, batches, threads."""

from dataclasses import replace

import numpy as np
import pytest
from tests.engine.kernels.attending import Heads, Layer, attention, tokens

KINDS = ("f16", "q8_0", "f32")
SHAPES = {
    "grouped heads": Heads(),
    "a key head for each query head": Heads(n_heads=3, n_kv_heads=3),
    "one key head for all": Heads(n_heads=7, n_kv_heads=1),
    "a group of six": Heads(n_heads=6, n_kv_heads=1, key_size=64),
    "wide values": Heads(key_size=32, value_size=96),
    "heads of 256": Heads(n_heads=1, n_kv_heads=1, key_size=256, value_size=256, scale=0.06),
}


def check(heads, n, batches, *, n_threads=1, allowed=5e-6):
    q, k, v = tokens(heads, n)
    with Layer(heads, batch=max(batches), n_threads=n_threads) as layer:
        found = layer.attend(q, k, v, batches)

    assert np.abs(found - attention(heads, q, k, v)).max() < allowed


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_heads_of_every_shape_attend_in_batches_and_one_by_one(shape, kind):
    check(replace(SHAPES[shape], kind=kind), 60, [17, 1, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 1, 1, 1, 1])


@pytest.mark.parametrize("kind", KINDS)
def test_long_contexts_are_read_in_chunks(kind):
    check(Heads(kind=kind, capacity=336), 331, [120, 1, 100, 1, 1, 108])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("window", [1, 15, 16, 17, 20])
def test_windows_wrap_around_a_ring_smaller_than_the_context(window, kind):
    heads = Heads(kind=kind, window=window, capacity=64)

    check(heads, 230, [24, 24, 24, 1, 1, 1, 24, 7, 24, 2, 3, 24, *[1] * 20, 24, 24, 3])


@pytest.mark.parametrize("batches", [[40] * 8, [1] * 320, [39, 1] * 8])
def test_windows_of_several_chunks_wrap_around_too(batches):
    check(Heads(window=150, capacity=208), 320, batches)


def test_windows_longer_than_the_context_change_nothing():
    check(Heads(window=500), 50, [20, 1, 29])


@pytest.mark.parametrize("cap", [0.5, 2.0, 50.0])
def test_scores_are_capped_softly(cap):
    # The hyperbolic tangent is off by 2e-7 of the cap at most.
    check(Heads(cap=cap, scale=1.0), 50, [20, 1, 1, 28], allowed=5e-6 + 4e-7 * cap)


@pytest.mark.parametrize("n_threads", [2, 3, 7])
@pytest.mark.parametrize("window", [0, 200])
def test_threads_cut_long_contexts_into_pieces_that_join(window, n_threads):
    heads = Heads(n_heads=2, n_kv_heads=1, capacity=400, window=window)

    check(heads, 384, [100, 100, 1, 1, 100, 1, 78, 1, 1, 1], n_threads=n_threads)


def test_scores_that_grow_and_fall_along_the_context_stay_exact():
    heads = Heads(capacity=400, kind="f32", scale=1.0)
    q, k, v = tokens(heads, 390)
    steep = np.concatenate([np.linspace(0, 4, 200), np.linspace(4, -4, 190)]).astype(np.float32)
    k *= steep[:, None, None]

    with Layer(heads, batch=64) as layer:
        found = layer.attend(q, k, v, [64, 64, 64, 64, 64, 64, 1, 1, 1, 1, 1, 1])

    assert np.abs(found - attention(heads, q, k, v)).max() < 1e-4


def test_a_cache_written_again_from_an_earlier_token_forgets_the_rest():
    heads = Heads(capacity=64)
    q, k, v = tokens(heads, 40)
    with Layer(heads) as layer:
        layer.attend(*tokens(heads, 60, seed=1), [60])
        found = layer.attend(q, k, v, [10, 1, 29])

    assert np.abs(found - attention(heads, q, k, v)).max() < 5e-6
