from collections import Counter

import pytest

from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.quantize.mixture import (
    Mixture,
    Upgrade,
    first,
    first_share,
    more_bits,
    plan_mixture,
)
from octavo.engine.quantize.mixture_options import MixtureOptions
from octavo.engine.quantize.tensor_roles import file_order, may_shrink

Q8_0 = Mixture(7, "Q8_0", "Q8_0")
Q4_K_M = Mixture(
    15,
    "Q4_K",
    "Q6_K",
    (Upgrade("attention_v", "Q6_K", more_bits), Upgrade("ffn_down", "Q6_K", more_bits)),
    "Q5_K",
)
Q4_K_S = Mixture(
    14,
    "Q4_K",
    "Q6_K",
    (Upgrade("attention_v", "Q5_K", first(4)), Upgrade("ffn_down", "Q5_K", first_share(8))),
    "Q5_K",
)


def tensor(name, *shape, kind="BF16"):
    return TensorInfo(name, shape, block_type(kind))


def layer(number, width, feed_forward, kv_width):
    prefix = f"blk.{number}."
    return [
        tensor(prefix + "attn_norm.weight", width, kind="F32"),
        tensor(prefix + "attn_q.weight", width, width),
        tensor(prefix + "attn_k.weight", kv_width, width),
        tensor(prefix + "attn_v.weight", kv_width, width),
        tensor(prefix + "attn_output.weight", width, width),
        tensor(prefix + "ffn_norm.weight", width, kind="F32"),
        tensor(prefix + "ffn_gate.weight", feed_forward, width),
        tensor(prefix + "ffn_up.weight", feed_forward, width),
        tensor(prefix + "ffn_down.weight", width, feed_forward),
    ]


def model(n_layers, width, feed_forward, kv_width, vocabulary, *, tied=True):
    tensors = [
        tensor("token_embd.weight", vocabulary, width),
        tensor("output_norm.weight", width, kind="F32"),
    ]
    if not tied:
        tensors.append(tensor("output.weight", vocabulary, width))
    return tensors + [
        each for number in range(n_layers) for each in layer(number, width, feed_forward, kv_width)
    ]


def counts(plan):
    return Counter(each.name for each in plan.types.values())


def names(plan):
    return {name: each.name for name, each in plan.types.items()}


def test_the_types_of_smollm2_135m_are_those_of_llama_quantize():
    plan = plan_mixture(model(30, 576, 1536, 192, 49152), Q4_K_M)

    assert counts(plan) == {"Q5_0": 166, "Q8_0": 15, "Q6_K": 14, "Q4_K": 16, "F32": 61}
    assert len(plan.fallbacks) == 180
    assert plan.file_type == 15


def test_the_types_of_gemma_3_270m_are_those_of_llama_quantize():
    tensors = model(18, 640, 2048, 256, 262144)
    widened = [
        tensor(t.name, 1024, 640)
        if "attn_q.weight" in t.name
        else tensor(t.name, 640, 1024)
        if "attn_output" in t.name
        else t
        for t in tensors
    ]

    found = counts(plan_mixture(widened, Q4_K_M))

    assert {name: found[name] for name in ("Q5_0", "Q4_K", "Q8_0", "Q6_K")} == {
        "Q5_0": 81,
        "Q4_K": 27,
        "Q8_0": 10,
        "Q6_K": 9,
    }


@pytest.mark.parametrize(
    ("count", "expected"),
    [(8, [0, 3, 6, 7]), (16, [0, 1, 4, 7, 10, 13, 14, 15]), (1, [0])],
)
def test_more_bits_go_to_the_ends_and_every_third_between(count, expected):
    assert [index for index in range(count) if more_bits(index, count)] == expected


def test_the_embedding_gets_the_output_type_only_when_it_is_the_output():
    tied = names(plan_mixture(model(8, 256, 512, 128, 300), Q4_K_M))
    untied = names(plan_mixture(model(8, 256, 512, 128, 300, tied=False), Q4_K_M))

    assert tied["token_embd.weight"] == "Q6_K"
    assert untied["token_embd.weight"] == "Q4_K"
    assert untied["output.weight"] == "Q6_K"


def test_rows_that_fit_no_block_become_f16_and_say_why():
    plan = plan_mixture([tensor("blk.0.ffn_up.weight", 10, 100)], Q8_0)

    assert names(plan) == {"blk.0.ffn_up.weight": "F16"}
    assert "rows of 100" in plan.fallbacks["blk.0.ffn_up.weight"]


@pytest.mark.parametrize(
    ("base", "fallback"), [("Q4_K", "Q5_0"), ("Q5_K", "Q5_1"), ("Q6_K", "Q8_0"), ("Q2_K", "Q4_0")]
)
def test_rows_of_32_fall_back_by_base(base, fallback):
    plan = plan_mixture([tensor("blk.0.ffn_up.weight", 10, 96)], Mixture(0, base, "Q6_K"))

    assert names(plan) == {"blk.0.ffn_up.weight": fallback}


def test_what_is_no_plain_weight_matrix_keeps_its_type():
    kept = [
        tensor("blk.0.attn_norm.weight", 256, kind="F32"),
        tensor("blk.0.attn_q.bias", 256, kind="F32"),
        tensor("blk.0.ffn_gate_inp.weight", 8, 256, kind="F32"),
        tensor("rope_freqs.weight", 1, 256, kind="F32"),
        tensor("position_embd.weight", 8, 256),
    ]

    assert not any(may_shrink(each) for each in kept)
    assert names(plan_mixture(kept, Q8_0)) == {each.name: each.block_type.name for each in kept}


def test_eight_experts_get_more_bits_in_attention_and_count_layers_by_name():
    tensors = model(16, 256, 512, 128, 300, tied=False)
    experts = [
        tensor(t.name.replace(".weight", "_exps.weight"), 8, *t.shape) if "ffn_down" in t.name else t
        for t in tensors
    ]

    found = names(plan_mixture([t for t in experts if not t.name.startswith("blk.1.ffn")], Q4_K_M))

    assert found["blk.9.attn_v.weight"] == found["blk.9.attn_k.weight"] == "Q8_0"
    assert found["blk.9.attn_output.weight"] == "Q5_K"
    assert found["blk.4.ffn_down_exps.weight"] == "Q6_K"
    assert found["blk.5.ffn_down_exps.weight"] == "Q4_K"


@pytest.mark.parametrize(("imatrix", "expected"), [("", {"Q5_1"}), ("a.imatrix", {"Q4_1"})])
def test_an_upgrade_may_ask_for_an_importance_matrix_or_for_none(imatrix, expected):
    upgrades = (Upgrade("ffn_down", "Q4_1", imatrix=True), Upgrade("ffn_down", "Q5_1", imatrix=False))

    plan = plan_mixture(
        model(8, 256, 512, 128, 300), Mixture(2, "Q4_0", "Q6_K", upgrades), MixtureOptions(imatrix=imatrix)
    )

    assert {plan.types[f"blk.{n}.ffn_down.weight"].name for n in range(8)} == expected


@pytest.mark.parametrize(("kv_width", "expected"), [(256, "Q4_K"), (128, "Q4_K"), (64, "Q5_K"), (32, "Q5_K")])
@pytest.mark.parametrize("is_fused", [False, True])
def test_an_upgrade_may_ask_for_heads_that_share_a_key(kv_width, expected, is_fused):
    tensors = model(1, 256, 512, kv_width, 300)
    if is_fused:
        parts = ("attn_q.", "attn_k.", "attn_v.")
        tensors = [each for each in tensors if not any(part in each.name for part in parts)]
        tensors.append(tensor("blk.0.attn_qkv.weight", 256 + 2 * kv_width, 256))
    upgrades = (Upgrade("attention_v", "Q5_K", least_shared=4),)

    found = names(plan_mixture(tensors, Mixture(15, "Q4_K", "Q6_K", upgrades)))

    assert found["blk.0.attn_qkv.weight" if is_fused else "blk.0.attn_v.weight"] == expected


def test_floats_take_no_notice_of_experts():
    experts = [tensor("blk.0.ffn_down_exps.weight", 8, 16, 33), tensor("blk.0.attn_v.weight", 16, 33)]

    assert set(names(plan_mixture(experts, Mixture(1, "F16", "F16"))).values()) == {"F16"}


def test_values_of_a_70b_never_go_below_5_bits():
    found = names(plan_mixture(model(80, 256, 512, 128, 300, tied=False), Q4_K_M))

    assert {found[f"blk.{n}.attn_v.weight"] for n in range(80)} == {"Q6_K", "Q5_K"}


def test_another_mixture_is_a_row_of_data():
    found = names(plan_mixture(model(16, 256, 512, 128, 300), Q4_K_S))

    assert [n for n in range(16) if found[f"blk.{n}.attn_v.weight"] == "Q5_K"] == [0, 1, 2, 3]
    assert [n for n in range(16) if found[f"blk.{n}.ffn_down.weight"] == "Q5_K"] == [0, 1]


def test_tensors_are_written_by_layer_number_then_name():
    ordered = file_order(
        [tensor(n, 1) for n in ("blk.10.a", "blk.2.b", "token_embd.weight", "blk.2.a", "output.weight")]
    )

    assert [each.name for each in ordered] == [
        "output.weight",
        "token_embd.weight",
        "blk.2.a",
        "blk.2.b",
        "blk.10.a",
    ]
