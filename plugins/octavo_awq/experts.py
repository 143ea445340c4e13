"""Scales for experts: one for what goes into all of them, and one for what comes out within each.

Experts share the norm before them, so the scale of their gate and up is one, and the router's columns take it too; the
moments of all tokens tell on some rows of all experts what it harms. Down has a scale for each expert, folded into that
expert's up and searched with the tokens that the router sent there; where these are too few there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from octavo.api import TensorInfo

if TYPE_CHECKING:
    from octavo.api import RoutedInputs, Seen

Floats = npt.NDArray[np.float32]
# Name, first row, number of rows -> float32[rows, columns].
Read = Callable[[str, int, int], Floats]
# Matrices, the mean magnitudes of their inputs' columns, their moments -> the best scale.
Choose = Callable[[Sequence[Floats], Floats, Floats], "Floats | None"]
_EXPERTS_TOLD = 8  # as many rows tell which scale is best as so many experts have
_ROUTER = "ffn_gate_inp"


def is_router(product: Seen) -> bool:
    """Whether a product chooses experts; it stays in 16 bits."""
    return any(_ROUTER in each for each in product.tensors)


def router_of(product: Seen, seen: Sequence[Seen]) -> Seen | None:
    """The router that has the same inputs as experts."""
    same = (each for each in seen if product.norm and each.norm == product.norm)
    return next((each for each in same if is_router(each)), None)


def scale_into(stacks: Sequence[TensorInfo], router: Seen, read: Read, choose: Choose) -> Floats | None:
    """The scale float32[columns] of what goes into all experts."""
    some = []
    for each in stacks:
        n_experts, rows = each.shape[:2]
        step = max(1, n_experts // _EXPERTS_TOLD)
        some.append(np.concatenate([read(each.name, n * rows, rows)[::step] for n in range(n_experts)]))
    return choose(some, router.mean_abs, router.moments)


def scales_within(stack: TensorInfo, routed: RoutedInputs, read: Read, choose: Choose) -> Floats:
    """The scale of what comes out within each expert, float32[experts, columns]."""
    n_experts, rows, columns = stack.shape
    found = np.ones((n_experts, columns), np.float32)
    for each in range(n_experts):
        if routed.knows(each):
            own = [read(stack.name, each * rows, rows)]
            scale = choose(own, routed.mean_abs(each), routed.moments(each))
            found[each] = 1 if scale is None else scale
    return found
