import pytest
from tests.fixtures.cards import card

from octavo.engine.estimate.fit import fit_rows
from octavo.engine.estimate.graphics import graphics_fit, graphics_fits
from octavo.engine.hardware.pools import MemoryPool
from octavo.plugin.host import PluginHost

GB = 10**9


def pool(free_bytes):
    return MemoryPool("Card", "vram", 24 * GB, free_bytes)


def llama_8b():
    return card(
        n_layers=32,
        width=4096,
        feed_forward=14_336,
        heads=32,
        kv_heads=8,
        vocabulary=128_256,
        tied=False,
        kind="F16",
    )


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

    found = graphics_fit(model, None, pool(int(fixed + 10.5 * layer) + (1 << 30)), context_tokens=4096)

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

    assert [(each.pool, each.fits) for each in row.graphics] == [
        ("Card", True),
        ("Card", False),
        ("2 cards together", True),
    ]


def test_two_cards_take_what_neither_could_alone():
    one, other, both = graphics_fits(llama_8b(), None, [pool(12 * GB), pool(12 * GB)], context_tokens=4096)

    assert not one.fits
    assert not other.fits
    assert both.fits
    assert both.layers_per_card == (17, 16)
    assert both.flags == "-ngl 33 -ts 17,16"
    assert (
        "17 (8.3 GB of 12.0 GB free), Card: 16 (8.6 GB of 12.0 GB free); shared by what is free"
        in both.formula
    )


def test_a_nearly_full_card_is_passed_over():
    both = graphics_fits(llama_8b(), None, [pool(24 * GB), pool(1 * GB)], context_tokens=4096)[-1]

    assert both.layers_per_card == (33, 0)
    assert "Card: none (1.0 GB free); filled from the last card to the first" in both.formula


def test_parts_of_a_divided_card_are_never_taken_together():
    parts = [MemoryPool(f"NVIDIA A100 MIG 1g.5gb, {n}", "vram", 5 * GB, 5 * GB) for n in (1, 2)]

    assert [each.pool for each in graphics_fits(card(), None, parts, context_tokens=512)] == [
        parts[0].name,
        parts[1].name,
    ]


def test_experts_that_are_used_need_buffers_and_may_stay_behind():
    model = card(
        n_layers=16,
        width=2048,
        feed_forward=7168,
        heads=32,
        kv_heads=8,
        vocabulary=32_000,
        tied=False,
        kind="F16",
        experts=8,
        experts_used=2,
    )

    whole = graphics_fit(model, None, pool(20 * GB), context_tokens=4096)
    part = graphics_fit(model, None, pool(8 * GB), context_tokens=4096)

    # llama.cpp's fit-params: 11,198 MiB of weights, 128 of cache, 100 of buffers; then 400 MB for the driver.
    assert whole.total_bytes - 400_000_000 == pytest.approx((11_198 + 128 + 100) << 20, abs=2 << 20)
    assert "experts" not in whole.formula
    assert part.formula.endswith(
        "keeps experts of all layers in the main memory before it leaves a layer out"
    )


def test_vllm_wants_all_weights_and_a_16_bit_cache_within_nine_tenths():
    model = llama_8b()
    needs = sum(t.n_bytes for t in model.tensors) + 32 * 8 * 4096 * (128 + 128) * 2
    found = graphics_fit(
        model, None, MemoryPool("Card", "vram", 18 * GB, 18 * GB), context_tokens=4096, kv_type="q8_0"
    )

    assert found.vllm_bytes == needs
    assert found.vllm_budget_bytes == int(0.9 * 18 * GB)
    assert not found.fits_vllm
    assert graphics_fit(
        model, None, MemoryPool("Card", "vram", 19 * GB, 19 * GB), context_tokens=4096
    ).fits_vllm


def test_vllm_gives_cards_equal_parts():
    def together(*sizes, heads=32):
        pools = [MemoryPool("Card", "vram", size * GB, size * GB) for size in sizes]
        model = llama_8b() if heads == 32 else card(heads=heads)
        return graphics_fits(model, None, pools, context_tokens=4096)[-1]

    assert together(10, 10).fits_vllm
    assert not together(16, 4).fits_vllm
    assert together(10, 10, heads=9).vllm_budget_bytes == 0


# What llama.cpp's own --fit chose for files of these shapes (tests/benchmarks/fit.md); 81 and 33 are all.
@pytest.mark.parametrize(
    ("shape", "context_tokens", "kv_type", "free_gb", "layers"),
    [
        ("8 B", 4096, "f16", 4, 13),
        ("8 B", 4096, "f16", 6, 27),
        ("8 B", 4096, "f16", 8, 33),
        ("8 B", 32_768, "q8_0", 4, 9),
        ("8 B", 32_768, "q8_0", 8, 29),
        ("70 B", 4096, "f16", 12, 18),
        ("70 B", 4096, "f16", 24, 41),
        ("70 B", 4096, "f16", 48, 81),
        ("70 B", 32_768, "q8_0", 24, 37),
        ("70 B", 32_768, "q8_0", 48, 78),
    ],
)
def test_as_many_layers_fit_as_llama_cpp_takes(shape, context_tokens, kv_type, free_gb, layers):
    sizes = {"8 B": (32, 4096, 14_336, 32), "70 B": (80, 8192, 28_672, 64)}
    n_layers, width, feed_forward, heads = sizes[shape]
    model = card(
        n_layers=n_layers,
        width=width,
        feed_forward=feed_forward,
        heads=heads,
        kv_heads=8,
        vocabulary=128_256,
        tied=False,
    )
    plan = PluginHost().quantizer("Q4_K_M").plan(model.tensors, None)

    found = graphics_fit(model, plan, pool(free_gb * GB), context_tokens=context_tokens, kv_type=kv_type)

    assert found.n_layers == layers
