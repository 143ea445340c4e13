"""What a verdict advises is followed, and must help."""

import re
from dataclasses import replace

import pytest
from tests.fixtures.cards import card

from octavo.engine.errors import NotEnoughMemory
from octavo.engine.estimate.admission import require_memory
from octavo.engine.estimate.fit import fit_rows
from octavo.engine.estimate.verdict import FITS_SHARE, RUNS_WELL_SHARE, readable_bytes
from octavo.engine.hardware.pools import MemoryPool
from octavo.plugin.host import PluginHost

GB = 10**9


def made_for(context_tokens, model, **changes):
    shape = replace(model.hyperparameters, context_length=context_tokens, **changes)
    return replace(model, hyperparameters=shape)


MODELS = {
    "tiny": card(n_layers=2, width=64, feed_forward=192, heads=4, kv_heads=2, vocabulary=512),
    "135 M": card(),
    "odd context": made_for(2000, card()),
    "1 M context": made_for(1 << 20, card(n_layers=16, width=2048, heads=32, kv_heads=8, vocabulary=128_256)),
    "windows": made_for(
        131_072,
        card(n_layers=24, width=1152, heads=4, kv_heads=1, vocabulary=262_144),
        sliding_window=512,
        is_local=tuple(layer % 6 != 5 for layer in range(24)),
    ),
    "8x7 B": made_for(
        32_768,
        card(n_layers=32, width=4096, feed_forward=14_336, heads=32, kv_heads=8, experts=8, experts_used=2),
    ),
    "70 B": made_for(131_072, card(n_layers=80, width=8192, feed_forward=28_672, heads=64, kv_heads=8)),
}
MACHINES = {
    "0.6 GB": (0.629, 0.58),
    "4 GB": (4, 2.3),
    "16 GB": (16, 9),
    "64 GB": (64, 60),
    "256 GB": (256, 250),
}
_SHARES = {"runs well": RUNS_WELL_SHARE, "tight": RUNS_WELL_SHARE, "too large": FITS_SHARE}


@pytest.fixture(scope="module")
def quantizers():
    host = PluginHost()
    return [host.quantizer("Q4_K_M"), host.quantizer("Q8_0")]


@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param]


@pytest.fixture(params=MACHINES)
def pools(request):
    total, free = MACHINES[request.param]
    return [MemoryPool("Memory", "ram", int(total * GB), int(free * GB))]


@pytest.fixture(params=[("f16", 1), ("q8_0", 16)], ids=str)
def table(model, pools, quantizers, request):
    kv_type, n_threads = request.param

    def rows(context_tokens):
        found = fit_rows(
            model,
            quantizers,
            context_tokens=context_tokens,
            kv_type=kv_type,
            n_threads=n_threads,
            pools=pools,
        )
        return {row.quantizer: row for row in found}

    return rows


def tokens(text):
    return int(text.removesuffix("k").replace(",", "")) * (1024 if text.endswith("k") else 1)


@pytest.mark.parametrize("asked", [512, 8192, 1 << 20])
def test_every_next_step_helps_and_tells_the_figure_that_it_leads_to(asked, model, pools, table):
    context = min(asked, model.hyperparameters.context_length)
    rows = table(context)
    (memory,) = pools

    for row in rows.values():
        share = _SHARES[row.verdict]
        for shorter, figure in re.findall(r"a context of ([\d,]+k?) \((.*?)\)", row.sentence):
            then = table(tokens(shorter))[row.quantizer]
            assert tokens(shorter) < context
            assert readable_bytes(then.total_bytes) == figure
            assert then.total_bytes <= share * memory.free_bytes
        for other in rows.values():
            for figure in re.findall(rf"{re.escape(other.quantizer)} \((.*?)\)", row.sentence):
                assert other is not row
                assert readable_bytes(other.total_bytes) == figure
                assert other.total_bytes <= share * memory.free_bytes
        if "close other programs" in row.sentence:
            assert row.total_bytes <= share * memory.total_bytes


def test_the_longest_context_that_runs_well_is_the_longest(model, table):
    own = model.hyperparameters.context_length

    for name, row in table(256).items():
        longest = row.largest_context
        if longest:
            assert table(longest)[name].verdict == "runs well"
        if longest < own:
            assert table(min(own, longest + 256))[name].verdict != "runs well"


@pytest.mark.parametrize("asked", [512, 8192, 1 << 20])
def test_what_is_too_large_is_what_is_refused_and_the_hint_helps(asked, model, pools):
    context = min(asked, model.hyperparameters.context_length)
    free = pools[0].free_bytes
    (row,) = fit_rows(model, [], context_tokens=context, pools=pools)

    if row.verdict != "too large":
        assert require_memory(model, context_tokens=context, available_bytes=free) == row.total_bytes
        return
    with pytest.raises(NotEnoughMemory) as refused:
        require_memory(model, context_tokens=context, available_bytes=free)
    for shorter in re.findall(r"context of ([\d,]+k?) tokens or less", refused.value.hint):
        assert tokens(shorter) < context
        require_memory(model, context_tokens=tokens(shorter), available_bytes=free)
