"""What follows from a model and a plan alone is worked out once: a slider prices the same plans at every step."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import ref

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.quantize.quantizer import Plan

# A library of 200 models, and the plans of the one on view.
_KEPT = 512

Found = TypeVar("Found")


def remembered(
    function: Callable[[ModelCard, Plan | None], Found],
) -> Callable[[ModelCard, Plan | None], Found]:
    """Keep the newest results, by the identity of model and plan: neither changes, and comparing them takes longer.

    What belongs to a model goes with it: an engine that loads many, one after the other, does not grow.
    """
    kept: OrderedDict[tuple[int, int], tuple[ref[ModelCard], Plan | None, Found]] = OrderedDict()

    @wraps(function)
    def recall(card: ModelCard, plan: Plan | None) -> Found:
        key = id(card), id(plan)
        known = kept.get(key)
        if known is not None:
            kept.move_to_end(key)
            return known[2]
        found = function(card, plan)
        # The plan is held as well, and the card's end noticed, so that no other can take their places.
        kept[key] = (ref(card, lambda gone: kept.pop(key, None)), plan, found)
        if len(kept) > _KEPT:
            kept.popitem(last=False)
        return found

    return recall
