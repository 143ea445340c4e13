import pytest

from octavo.engine.blocks.codec import can_encode
from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.errors import OctavoError
from octavo.engine.quantize.mixture import Mixture, Upgrade, first, plan_mixture
from octavo.engine.quantize.mixture_options import MixtureOptions
from octavo.engine.quantize.overrides import WRITABLE_TYPES, Override, parse_overrides

Q4_K_S = Mixture(14, "Q4_K", "Q6_K", (Upgrade("attention_v", "Q5_K", first(1)),))


def tensors(n_layers=12, columns=256):
    names = [
        f"blk.{n}.{part}.weight" for n in range(n_layers) for part in ("attn_v", "attn_output", "ffn_down")
    ]
    return [
        TensorInfo(name, (2, columns), block_type("BF16"))
        for name in ("token_embd.weight", "output.weight", *names)
    ] + [TensorInfo("blk.0.attn_norm.weight", (256,), block_type("F32"))]


def types(rules, **options):
    plan = plan_mixture(tensors(), Q4_K_S, MixtureOptions(types=rules, **options))
    return {name: each.name for name, each in plan.types.items()}


def changed(rules):
    usual = types("")
    return {name for name, each in types(rules).items() if each != usual[name]}


@pytest.mark.parametrize("name", WRITABLE_TYPES)
def test_every_type_that_a_rule_may_name_can_be_written(name):
    assert can_encode(block_type(name))


def test_rules_are_parted_by_commas_or_blanks_and_types_take_any_case():
    assert parse_overrides("token_embd=q8_0, blk.*.ffn_down=Q6_K\noutput=F16") == [
        Override("token_embd", "Q8_0"),
        Override("blk.*.ffn_down", "Q6_K"),
        Override("output", "F16"),
    ]
    assert parse_overrides("  ") == []


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("output=F16", {"output.weight"}),
        ("token_embd.weight=F16", {"token_embd.weight"}),
        ("blk.1.ffn_down=F16", {"blk.1.ffn_down.weight"}),
        ("blk.1.*=F16", {f"blk.1.{part}.weight" for part in ("attn_v", "attn_output", "ffn_down")}),
        ("blk.1?.ffn*=F16", {"blk.10.ffn_down.weight", "blk.11.ffn_down.weight"}),
        ("*_down=F16", {f"blk.{n}.ffn_down.weight" for n in range(12)}),
        ("FFN_DOWN=F16", {f"blk.{n}.ffn_down.weight" for n in range(12)}),
    ],
)
def test_a_rule_means_whole_parts_of_names(rule, expected):
    assert changed(rule) == expected


def test_the_first_rule_that_fits_wins():
    found = types("blk.3.ffn_down=Q8_0,ffn_down=Q5_0")

    assert found["blk.3.ffn_down.weight"] == "Q8_0"
    assert found["blk.4.ffn_down.weight"] == "Q5_0"


def test_a_rule_changes_no_other_tensor_unless_llama_quantize_does():
    assert types("blk.0.attn_v=Q8_0")["blk.1.attn_v.weight"] == "Q4_K"
    assert types("blk.0.attn_v=Q8_0", compatible=True)["blk.1.attn_v.weight"] == "Q5_K"


def test_a_type_that_does_not_fit_the_rows_falls_back_and_says_so():
    plan = plan_mixture(tensors(columns=96), Q4_K_S, MixtureOptions(types="output=Q6_K"))

    assert plan.types["output.weight"].name == "Q8_0"
    assert "Q8_0 instead of Q6_K" in plan.fallbacks["output.weight"]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("output", "'output' is no rule"),
        ("=Q8_0", "is no rule"),
        ("output=", "is no rule"),
        ("output=Q9_K", "Tensors cannot be written as 'Q9_K'"),
        ("outptu=Q8_0", "is called 'outptu'"),
        ("attn_norm=Q8_0", "is called 'attn_norm'"),
    ],
)
def test_a_rule_with_a_mistake_is_refused_with_what_there_is(rules, said):
    with pytest.raises(OctavoError, match=said) as caught:
        types(rules)

    assert caught.value.hint


def test_the_hint_names_each_kind_of_tensor_once():
    with pytest.raises(OctavoError) as caught:
        types("outptu=Q8_0")

    assert caught.value.hint.count("ffn_down") == 1
