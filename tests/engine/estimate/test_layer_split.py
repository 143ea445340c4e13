"""Layers shared among cards as llama.cpp's own ``--fit`` shared them (``tests/benchmarks/fit.md``)."""

import pytest
from tests.fixtures.cards import card

from octavo.engine.estimate.graphics import graphics_fits
from octavo.engine.estimate.layer_split import Burden, split_layers
from octavo.engine.hardware.pools import MemoryPool
from octavo.plugin.host import PluginHost

GB = 10**9
SIZES = {"7 B": (32, 4096, 11_008, 32, 32, 32_000), "8 B": (32, 4096, 14_336, 32, 8, 128_256)}
SIZES["70 B"] = (80, 8192, 28_672, 64, 8, 128_256)


def model(name):
    n_layers, width, feed_forward, heads, kv_heads, vocabulary = SIZES[name]
    return card(
        n_layers=n_layers,
        width=width,
        feed_forward=feed_forward,
        heads=heads,
        kv_heads=kv_heads,
        vocabulary=vocabulary,
        tied=False,
        kind="F16",
    )


def burden(**changed):
    sizes = {"n_embedding": 64, "n_feed_forward": 128, "n_vocabulary": 1000, "batch_tokens": 16}
    positions = {"context_tokens": 256, "window": 0, "is_local": (False,) * 10}
    return Burden(**({"layers": [10**6] * 10, "output_bytes": 10**6} | sizes | positions | changed))


@pytest.mark.parametrize(
    ("shape", "context_tokens", "kv_type", "gigabytes", "layers"),
    [
        ("8 B", 4096, "f16", (4, 4), (16, 13)),
        ("8 B", 4096, "f16", (6, 2), (27, 0)),
        ("8 B", 4096, "f16", (2, 6), (2, 27)),
        ("8 B", 4096, "f16", (8, 1), (33, 0)),
        ("8 B", 4096, "f16", (2, 4, 6), (0, 6, 27)),
        ("8 B", 32_768, "q8_0", (2, 4, 6), (1, 11, 19)),
        ("8 B", 32_768, "q8_0", (1, 8), (0, 29)),
        ("70 B", 4096, "f16", (24, 24), (41, 40)),
        ("70 B", 32_768, "q8_0", (24, 24), (38, 37)),
        ("70 B", 4096, "f16", (24, 12), (42, 18)),
        ("70 B", 32_768, "q8_0", (12, 8, 24), (17, 10, 37)),
        ("7 B", 4096, "f16", (6, 2), (23, 2)),
        ("7 B", 4096, "q8_0", (4, 3), (15, 9)),
    ],
)
def test_cards_take_the_layers_that_llama_cpp_gives_them(shape, context_tokens, kv_type, gigabytes, layers):
    asked = model(shape)
    plan = PluginHost().quantizer("Q4_K_M").plan(asked.tensors, None)
    pools = [MemoryPool("Card", "vram", size * GB, size * GB) for size in gigabytes]

    found = graphics_fits(asked, plan, pools, context_tokens=context_tokens, kv_type=kv_type)[-1]

    assert found.layers_per_card == layers


# Megabytes by llama.cpp's ``fit-params`` for Llama 3's 8 B in F16, without the driver; a batch of 512.
@pytest.mark.parametrize(
    ("context_tokens", "n_cards", "megabytes"),
    [
        (4096, 1, [15_818]),
        (4096, 2, [7864, 8200]),
        (4096, 3, [5146, 5180, 5935]),
        (131_072, 1, [32_461]),
        (131_072, 2, [17_226, 16_521]),
        (131_072, 3, [11_388, 11_421, 11_656]),
    ],
)
def test_buffers_of_cards_that_work_in_turn_are_those_of_llama_cpp(context_tokens, n_cards, megabytes):
    asked = Burden(
        layers=[436_224_000 + 8 * context_tokens * 256 * 2] * 32,
        is_local=(False,) * 32,
        output_bytes=128_256 * 4096 * 2,
        n_embedding=4096,
        n_feed_forward=14_336,
        n_vocabulary=128_256,
        batch_tokens=512,
        context_tokens=context_tokens,
        window=0,
    )

    found = split_layers(asked, [1 << 50] * n_cards, 0)

    assert [each / 1e6 for each in found.n_bytes] == pytest.approx(megabytes, abs=3)


def test_what_is_shared_by_free_memory_follows_its_sizes():
    found = split_layers(burden(), [3 * GB, GB], 0)

    assert found.by_free
    assert found.n_parts == (9, 2)


def test_a_window_needs_a_smaller_mask():
    def needs(is_local):
        asked = burden(context_tokens=65_536, window=256, is_local=(is_local,) * 10, batch_tokens=256)
        return asked.bytes_on(0, 11, is_first=True, in_turn=True)

    assert needs(False) - needs(True) == 4 * 2 * 256 * (65_536 - 512)


def test_cards_that_are_full_get_nothing():
    found = split_layers(burden(), [0, 0], 1 << 30)

    assert (found.n_parts, found.n_bytes, found.by_free) == ((0, 0), (0, 0), False)
