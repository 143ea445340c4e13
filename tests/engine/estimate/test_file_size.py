from dataclasses import replace

from tests.fixtures.cards import card

from octavo.engine.checkpoint.outgoing import RECIPE_BYTES
from octavo.engine.estimate.file_size import predicted_bytes
from octavo.plugin.host import PluginHost


def test_each_tensor_is_padded_to_32_bytes_and_the_recipe_has_its_place():
    model = card(n_layers=1, width=36, heads=2, kv_heads=1, feed_forward=40, vocabulary=3)
    plan = PluginHost().quantizer("Q8_0").plan(model.tensors, None)

    expected = 4096 + RECIPE_BYTES
    for each in model.tensors:
        size = each.n_weights * (2 if each.is_matrix else 4)
        expected += (size + 31) // 32 * 32

    assert predicted_bytes(model, plan) == expected
    assert predicted_bytes(model, replace(plan, compatible=True)) == expected - RECIPE_BYTES
