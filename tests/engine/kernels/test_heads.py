"""Heads are normed, turned to their positions and laid into the cache as documented."""

import numpy as np
import pytest
from tests.engine.kernels.attending import Heads, Layer, cached_bytes, tokens


def turned(x, frequencies, is_interleaved):
    """Rotary position embedding in float64: float[tokens, heads, size], token t at position t."""
    n = len(frequencies)
    angles = np.arange(len(x))[:, None, None] * frequencies
    result = x.astype(np.float64)
    first, second = (
        (slice(0, 2 * n, 2), slice(1, 2 * n, 2)) if is_interleaved else (slice(n), slice(n, 2 * n))
    )
    a, b = result[..., first].copy(), result[..., second].copy()
    result[..., first] = a * np.cos(angles) - b * np.sin(angles)
    result[..., second] = a * np.sin(angles) + b * np.cos(angles)
    return result


def normed(x, weight):
    x = x.astype(np.float64)
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-6) * weight


def keys_in(layer):
    """The keys of an f32 cache, float32[kv_heads, capacity, size]."""
    h = layer.heads
    blocks = layer.keys.view(np.float32)[: h.n_kv_heads * h.capacity * h.key_size]
    blocks = blocks.reshape(h.n_kv_heads, h.capacity // 16, h.key_size, 16)
    return blocks.swapaxes(2, 3).reshape(h.n_kv_heads, h.capacity, h.key_size)


@pytest.mark.parametrize("is_interleaved", [False, True])
@pytest.mark.parametrize("n_pairs", [16, 12, 8, 32])
def test_pairs_turn_by_their_angles_and_the_rest_stays(n_pairs, is_interleaved):
    size = 64
    heads = Heads(key_size=size, kind="f32", n_pairs=n_pairs, is_interleaved=is_interleaved)
    frequencies = 10000.0 ** (-np.arange(n_pairs) / n_pairs)
    q, k, v = tokens(heads, 50)

    with Layer(heads, frequencies=frequencies) as layer:
        layer.attend(q, k, v, [50])
        queries = layer.input.values[:50, : heads.columns[0]].reshape(q.shape)
        keys = keys_in(layer)[:, :50].swapaxes(0, 1)

        assert np.abs(queries - turned(q, frequencies, is_interleaved)).max() < 2e-6
        assert np.abs(keys - turned(k, frequencies, is_interleaved)).max() < 2e-6


def test_heads_are_normed_before_they_turn():
    heads = Heads(key_size=64, kind="f32", n_pairs=32)
    frequencies = 100.0 ** (-np.arange(32) / 32)
    random = np.random.default_rng(0)
    norms = tuple(random.standard_normal(64).astype(np.float32) for _ in range(2))
    q, k, v = tokens(heads, 5)

    with Layer(heads, frequencies=frequencies, norms=norms) as layer:
        layer.attend(q, k, v, [1, 4])
        queries = layer.input.values[:4, : heads.columns[0]].reshape(4, 4, 64)
        keys = keys_in(layer)[:, :5].swapaxes(0, 1)

        assert np.abs(queries - turned(normed(q, norms[0]), frequencies, False)[1:]).max() < 1e-5
        assert np.abs(keys - turned(normed(k, norms[1]), frequencies, False)).max() < 1e-5


def stored(kind):
    heads = Heads(capacity=32, kind=kind, key_size=64, value_size=64, window=3)
    q, k, v = tokens(heads, 40)
    k[:, :, :32] *= np.float32(0.01)
    v[5] = 0
    with Layer(heads) as layer:
        layer.attend(q, k, v, [16, 12, *[1] * 12])
        return layer.keys.copy(), layer.values.copy(), in_ring(k), in_ring(v)


def in_ring(x):
    """The last 32 of 40 tokens, each where its position falls in a ring of 32: [kv_heads, 32, size]."""
    return x[np.array([slot + 32 if slot < 8 else slot for slot in range(32)])].swapaxes(0, 1)


@pytest.mark.parametrize("kind", ["f32", "f16"])
def test_numbers_lie_in_the_ring_where_the_layout_says(kind):
    dtype = np.float32 if kind == "f32" else np.float16
    keys, values, k, v = stored(kind)

    blocks = np.ascontiguousarray(k.astype(dtype).reshape(2, 2, 16, 64).swapaxes(2, 3))
    assert keys[: blocks.nbytes].tobytes() == blocks.tobytes()
    assert (
        values[: v.size * v.dtype.itemsize // (1 if kind == "f32" else 2)].tobytes()
        == v.astype(dtype).tobytes()
    )


def test_bytes_and_scales_lie_in_the_ring_where_the_layout_says():
    keys, values, k, v = stored("q8_0")

    q, scales = cached_bytes(k.reshape(2, 2, 16, 64))
    blocks = keys[: 2 * 2 * 17 * 64].reshape(2, 2, 17 * 64)
    laid = q.reshape(2, 2, 16, 64).swapaxes(2, 3).reshape(2, 2, 1024)
    assert (blocks[..., :1024].view(np.int8) == laid).all()
    assert (blocks[..., 1024:].view(np.float16) == scales.swapaxes(2, 3).reshape(2, 2, 32)).all()
    q, scales = cached_bytes(v)
    rows = values[: 2 * 32 * 68].reshape(2, 32, 68)
    assert (rows[..., :64].view(np.int8) == q.reshape(2, 32, 64)).all()
    assert (rows[..., 64:].view(np.float16) == scales).all()
