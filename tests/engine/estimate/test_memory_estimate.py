from dataclasses import replace

import pytest
from tests.fixtures.cards import card, vector

from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.errors import NotEnoughMemory, UnsupportedModel
from octavo.engine.estimate.admission import require_memory
from octavo.engine.estimate.memory import default_context, estimate_memory, largest_context, weights_bytes
from octavo.engine.kernels.layout import kv_cache_bytes, packed_bytes
from octavo.plugin.host import PluginHost

GB = 10**9


def test_the_total_is_the_sum_of_its_parts():
    estimate = estimate_memory(card(), None, context_tokens=2048)

    assert estimate.total_bytes == (
        estimate.weights_bytes + estimate.kv_bytes + estimate.working_bytes + estimate.program_bytes
    )


def test_weights_are_counted_as_the_kernels_hold_them():
    model = card(n_layers=1)

    matrices = sum(packed_bytes(t.block_type, t.rows, t.columns) for t in model.tensors if t.is_matrix)

    assert weights_bytes(model, None) == matrices + 3 * 576 * 4


def test_each_expert_is_counted_with_its_last_rows_filled_up():
    model = card(n_layers=1, feed_forward=24, experts=5, experts_used=2, kind="F16")
    (gate,) = (each for each in model.tensors if each.name == "blk.0.ffn_gate_exps.weight")
    without = replace(model, tensors=[each for each in model.tensors if each is not gate])

    one = packed_bytes(block_type("F16"), 24, 576)
    assert one == packed_bytes(block_type("F16"), 32, 576)
    assert weights_bytes(model, None) - weights_bytes(without, None) == 5 * one


def test_a_plan_is_priced_by_its_own_types():
    model = card()
    quantizer = PluginHost().quantizer("Q8_0")

    as_f16 = estimate_memory(model, None, context_tokens=512).weights_bytes
    as_q8_0 = estimate_memory(model, quantizer.plan(model.tensors, None), context_tokens=512).weights_bytes

    assert as_q8_0 / as_f16 == pytest.approx(34 / 64, rel=0.01)


def test_only_the_cache_and_the_buffers_grow_with_the_context():
    short = estimate_memory(card(), None, context_tokens=1024)
    long = estimate_memory(card(), None, context_tokens=4096)

    assert long.kv_bytes == 4 * short.kv_bytes
    assert long.weights_bytes == short.weights_bytes


def test_a_quantized_cache_takes_about_half():
    f16 = estimate_memory(card(), None, context_tokens=4096).kv_bytes
    q8_0 = estimate_memory(card(), None, context_tokens=4096, kv_type="q8_0").kv_bytes

    assert q8_0 / f16 == pytest.approx(34 / 64)


def test_a_type_without_a_kernel_is_unknown_not_guessed():
    odd = card(n_layers=1)
    skipped = TensorInfo("blk.1.ffn_up.weight", (4, 256), block_type("IQ2_XS"))
    odd.tensors.append(skipped)
    assert weights_bytes(odd, None) == weights_bytes(card(n_layers=1), None)

    odd = replace(odd, tensors=[*odd.tensors, replace(skipped, name="blk.0.ffn_up.weight")])

    with pytest.raises(UnsupportedModel, match="IQ2_XS"):
        weights_bytes(odd, None)


def test_the_default_context_is_the_least_of_file_limit_and_memory():
    model = card()
    model.tensors.append(vector("rope_freqs", 32))

    longer = replace(model, hyperparameters=replace(model.hyperparameters, context_length=1 << 17))
    assert default_context(model, None, 64 * GB) == default_context(longer, None, 64 * GB) == 8192
    assert 0 < default_context(model, None, 500_000_000) < 8192
    assert default_context(model, None, 1000) == 0


def test_the_largest_context_fits_and_the_next_does_not():
    model = card()
    allowed = 500_000_000

    found = largest_context(model, None, allowed)

    assert found % 256 == 0
    assert estimate_memory(model, None, context_tokens=found).total_bytes <= allowed
    assert estimate_memory(model, None, context_tokens=found + 256).total_bytes > allowed


def test_a_model_that_fits_is_let_in_with_its_price():
    price = require_memory(card(), context_tokens=512, available_bytes=16 * GB)

    assert price == estimate_memory(card(), None, context_tokens=512).total_bytes


def test_a_context_that_does_not_fit_is_refused_with_one_that_does():
    with pytest.raises(
        NotEnoughMemory, match=r"context of 8k tokens.* free, of which it may take 90%\. Use a context of"
    ) as refusal:
        require_memory(card(), context_tokens=8192, available_bytes=600_000_000)

    assert refusal.value.needed > 0.9 * refusal.value.available


def test_a_model_that_fits_with_no_context_is_refused_with_another_way():
    with pytest.raises(NotEnoughMemory, match="smaller format or a smaller model"):
        require_memory(card(), context_tokens=8192, available_bytes=100_000_000)


def test_the_cache_of_grouped_heads_is_counted_by_key_value_heads():
    shape = card().hyperparameters

    assert kv_cache_bytes(shape, 1024) == 30 * 3 * 1024 * 64 * 2 * 2
