import gc
from weakref import ref

from tests.fixtures.cards import card

from octavo.engine.blocks.types import block_type
from octavo.engine.estimate.remember import _KEPT, remembered
from octavo.engine.quantize.quantizer import Plan


def counted():
    asked = []

    @remembered
    def size(model, plan):
        asked.append((model, plan))
        return len(asked)

    return size, asked


def test_the_same_model_and_plan_are_worked_out_once():
    size, asked = counted()
    model, plan = card(n_layers=1), Plan({})

    assert size(model, plan) == size(model, plan) == 1
    assert size(model, None) == size(model, None) == 2
    assert len(asked) == 2


def test_another_one_that_is_equal_is_worked_out_by_itself():
    size, asked = counted()
    model = card(n_layers=1)

    size(model, Plan({"a": block_type("Q8_0")}))
    size(model, Plan({"a": block_type("Q8_0")}))

    assert len(asked) == 2


def test_what_was_not_asked_for_long_is_forgotten_first():
    size, asked = counted()
    model, plans = card(n_layers=1), [Plan({}) for _ in range(_KEPT)]
    for plan in plans:
        size(model, plan)
    size(model, plans[0])

    size(model, None)
    size(model, plans[0])
    assert len(asked) == _KEPT + 1
    size(model, plans[1])

    assert len(asked) == _KEPT + 2


def test_what_belongs_to_a_model_goes_with_it():
    @remembered
    def weigh(card, plan):
        return Weight()

    model = card()
    weight = ref(weigh(model, None))
    assert weight() is weigh(model, None)

    del model
    gc.collect()

    assert weight() is None


class Weight:
    """Something that can be seen to go."""
