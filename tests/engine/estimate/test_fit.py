import re

import pytest
from tests.fixtures.cards import card

from octavo.engine.errors import PluginFailed
from octavo.engine.estimate.fit import fit_rows
from octavo.engine.estimate.speeds import CacheSpeed, KindSpeed, Speeds
from octavo.engine.hardware.memory import MemoryPool
from octavo.plugin.host import PluginHost


class Broken:
    name = "BROKEN"
    summary = "Never works."
    format = "gguf"
    Options = None

    def plan(self, tensors, options):
        raise PluginFailed("broken", "broken: planning BROKEN failed.")

    def encode(self, weights, block_type, importance):
        raise NotImplementedError


@pytest.fixture(scope="module")
def quantizers():
    host = PluginHost()
    return [host.quantizer("Q4_K_M"), host.quantizer("Q8_0")]


def pools(free_bytes):
    return [MemoryPool("Memory", "ram", 16 * 10**9, free_bytes)]


def test_the_first_row_is_the_model_as_it_is_then_one_for_each_quantizer(quantizers):
    rows = fit_rows(card(), quantizers, context_tokens=4096, pools=pools(8 * 10**9))

    assert [row.quantizer for row in rows] == ["as it is", "Q4_K_M", "Q8_0"]
    assert rows[0].file_bytes == card().file_bytes
    assert rows[1].total_bytes < rows[2].total_bytes < rows[0].total_bytes
    assert {row.verdict for row in rows} == {"runs well"}


def test_speed_is_unknown_until_the_bandwidth_is_known(quantizers):
    unknown = fit_rows(card(), quantizers, context_tokens=512, pools=pools(8 * 10**9))
    known = fit_rows(card(), quantizers, context_tokens=512, pools=pools(8 * 10**9), bandwidth=20e9)

    assert {row.tokens_per_second for row in unknown} == {None}
    assert known[0].tokens_per_second < known[2].tokens_per_second < known[1].tokens_per_second


def test_what_is_too_large_names_a_shorter_context_and_the_best_quantizer_that_fits(quantizers):
    prices = [
        row.total_bytes for row in fit_rows(card(), quantizers, context_tokens=8192, pools=pools(10**12))
    ]

    rows = fit_rows(card(), quantizers, context_tokens=8192, pools=pools(int(prices[2] / 0.89)))

    assert [row.verdict for row in rows] == ["too large", "tight", "tight"]
    assert "MB free: use " in rows[0].sentence
    assert " a context of " in rows[0].sentence
    assert "or Q8_0 (" in rows[0].sentence
    assert rows[0].sentence.endswith("Other programs hold 15.5 GB.")


def test_what_is_tight_names_what_would_run_well_with_figures(quantizers):
    roomy = fit_rows(card(), quantizers, context_tokens=8192, pools=pools(10**12))

    rows = fit_rows(card(), quantizers, context_tokens=8192, pools=pools(int(roomy[0].total_bytes / 0.8)))

    assert rows[0].verdict == "tight"
    assert " a context of " in rows[0].sentence
    assert "or Q8_0 (" in rows[0].sentence


def test_a_context_that_is_of_no_use_is_no_way_out(quantizers):
    fixed = fit_rows(card(), [], context_tokens=256, pools=pools(10**12))[0].total_bytes

    (row,) = fit_rows(card(), [], context_tokens=8192, pools=pools(int(fixed / 0.89)))

    assert row.verdict == "too large"
    assert "context" not in row.sentence


def test_a_broken_plugin_costs_one_row(quantizers):
    rows = fit_rows(card(), [Broken(), *quantizers], context_tokens=512, pools=pools(8 * 10**9))

    assert [row.verdict for row in rows] == ["runs well", "unknown", "runs well", "runs well"]
    assert rows[1].sentence == "broken: planning BROKEN failed."


def test_a_type_without_a_kernel_can_still_be_converted(quantizers):
    rows = fit_rows(
        card(kind="TQ1_0", width=768, heads=12), quantizers, context_tokens=512, pools=pools(8 * 10**9)
    )

    assert rows[0].verdict == "unknown"
    assert "TQ1_0" in rows[0].sentence
    assert rows[1].verdict == "runs well"


def test_the_largest_context_runs_well_and_a_longer_one_does_not():
    free = 600_000_000
    (row,) = fit_rows(card(), [], context_tokens=512, pools=pools(free))

    longer = fit_rows(card(), [], context_tokens=row.largest_context + 256, pools=pools(free))[0]

    assert (
        fit_rows(card(), [], context_tokens=row.largest_context, pools=pools(free))[0].verdict == "runs well"
    )
    assert longer.verdict == "tight"


def test_a_probe_tells_prompts_and_loading_too():
    fast = KindSpeed(decode=1 / 50e9, prefill=1 / 400e9, packing=1 / 2e9)
    probed = Speeds(
        2, [(1, 30e9)], 4e-6, 1e-10, {"BF16": fast, "F32": fast}, {"f16": CacheSpeed(1e-11, 1e-11)}
    )

    near = fit_rows(card(), [], context_tokens=4096, pools=pools(8 * 10**9), speeds=probed)[0]
    far = fit_rows(card(), [], context_tokens=4096, pools=pools(8 * 10**9), speeds=probed, depth=2048)[0]

    assert near.tokens_per_second > far.tokens_per_second > 0
    assert near.prefill_tokens_per_second > far.prefill_tokens_per_second > 0
    assert near.load_seconds == far.load_seconds > 0


def test_a_shorter_context_reads_well(quantizers):
    (row,) = fit_rows(card(), [], context_tokens=1 << 20, pools=pools(3 * 10**9))

    (tokens,) = re.findall(r"use a context of (\d+)k", row.sentence)
    assert int(tokens) >= 8


def test_the_model_as_it_is_is_named_so_in_a_sentence():
    f16 = PluginHost().quantizer("F16")
    as_it_is, larger = fit_rows(card(kind="Q8_0"), [f16], context_tokens=512, pools=pools(10**12))
    between = int((as_it_is.total_bytes + larger.total_bytes) / 2 / 0.9)

    _, found = fit_rows(card(kind="Q8_0"), [f16], context_tokens=512, pools=pools(between))

    assert "the model as it is (" in found.sentence
