from tests.fixtures.cards import card

from octavo.engine.estimate.fit import fit_rows
from octavo.engine.estimate.graphics import graphics_fit
from octavo.engine.hardware.pools import MemoryPool

GB = 10**9


def pool(free_bytes):
    return MemoryPool("Card", "vram", 24 * GB, free_bytes)


def test_a_large_card_takes_all_layers_and_the_output():
    found = graphics_fit(card(), None, pool(20 * GB), context_tokens=4096)

    assert found.fits
    assert found.n_layers == found.of_layers == 31


def test_a_full_card_takes_nothing():
    found = graphics_fit(card(), None, pool(300_000_000), context_tokens=4096)

    assert (found.n_layers, found.fits) == (0, False)


def test_as_many_layers_fit_as_the_formula_says():
    model = card(n_layers=40, width=2048, heads=32, kv_heads=8, feed_forward=5632)
    layer = sum(t.n_bytes for t in model.tensors if t.name.startswith("blk.0.")) + 8 * 4096 * 64 * 2 * 2
    whole = graphics_fit(model, None, pool(100 * GB), context_tokens=4096)
    fixed = whole.total_bytes - 40 * layer

    found = graphics_fit(model, None, pool(int((fixed + 10.5 * layer) / 0.9)), context_tokens=4096)

    assert found.n_layers == 1 + 10
    assert " a layer" in found.formula


def test_a_smaller_cache_leaves_room_for_more_layers():
    model = card(n_layers=40, width=2048, heads=32, kv_heads=32, feed_forward=5632)
    f16, q8_0 = (
        graphics_fit(model, None, pool(4 * GB), context_tokens=8192, kv_type=kv) for kv in ("f16", "q8_0")
    )

    assert q8_0.n_layers > f16.n_layers


def test_every_row_has_its_place_in_every_graphics_memory():
    ram = MemoryPool("Memory", "ram", 16 * GB, 8 * GB)

    (row,) = fit_rows(card(), [], context_tokens=512, pools=[ram, pool(8 * GB), pool(1)])

    assert [each.fits for each in row.graphics] == [True, False]
