"""A model's program cut into the layers' parts, each ending where activations meet matrices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from octavo.engine.kernels import experts, state

Operations = npt.NDArray[np.int64]
_INPUTS = (state.PREPARE, state.PREPARE_HEADS)
_PRODUCTS = (state.LINEAR, state.GATED)
_NORM = 3  # the field of PREPARE with the norm's weights


@dataclass(frozen=True)
class Product:
    """A place where activations meet matrices.

    Parameters
    ----------
    tensors : tuple of str
        The matrices, which share their input.
    norm : str
        The tensor of the norm that made the input; empty if there is none.
    experts : str
        ``in`` where tokens go into experts, ``out`` where what is within them comes out; empty for all else.
    """

    tensors: tuple[str, ...]
    norm: str = ""
    experts: str = ""


@dataclass(frozen=True)
class Step:
    """Operations as a program of their own, and the product whose input they make ready; the last has none."""

    program: Operations
    product: Product | None


@dataclass(frozen=True)
class Steps:
    """The parts of a whole program but the output: what comes before the first layer, and the layers."""

    start: Operations
    layers: tuple[tuple[Step, ...], ...]


def cut(program: Operations, matrices: Mapping[int, str], vectors: Mapping[int, str]) -> Steps:
    """Cut a program.

    Parameters
    ----------
    program : int64[n, fields]
        As ``ProgramBuilder.program`` gives it.
    matrices, vectors : mapping of int to str
        Names of tensors by the addresses that the operations hold.
    """
    products = {
        at: _product(program, at, matrices, vectors)
        for at in range(len(program))
        if program[at][0] in _PRODUCTS or _experts(program[at])
    }
    # A part begins with what makes the input of its first product ready.
    bounds: dict[int, int] = {}
    for at, product in products.items():
        bounds.setdefault(_layer(product), _input_of(program, at))
    starts = [bounds[key] for key in sorted(bounds)]
    layers = tuple(_steps(program, a, b, products) for a, b in pairwise(starts))  # the output begins the last
    return Steps(_program(program, 1, starts[0]), layers)


def _values(operation: Operations, first: int, step: int, n: int) -> list[int]:
    return [int(operation[state.field(first + step * i) // 8]) for i in range(n)]


def _input_of(program: Operations, at: int) -> int:
    while program[at][0] not in _INPUTS:
        at -= 1
    return at


def _product(
    program: Operations, at: int, matrices: Mapping[int, str], vectors: Mapping[int, str]
) -> Product:
    operation = program[at]
    side = _experts(operation)
    if side == "out":
        return Product((matrices[_values(operation, 2, 1, 1)[0]],), "", side)
    if side:
        addresses = _values(operation, 2, 1, 2)
    elif operation[0] == state.GATED:
        addresses = _values(operation, 4, 1, 2)
    else:
        (n,) = _values(operation, 5, 1, 1)
        addresses = _values(operation, 6, 3, n)
    source = program[_input_of(program, at)]
    norm = vectors.get(_values(source, _NORM, 1, 1)[0], "")
    # A matrix that holds gate and up together is named as both.
    return Product(tuple(dict.fromkeys(matrices[each] for each in addresses)), norm, side)


def _experts(operation: Operations) -> str:
    """Which side of the experts an operation multiplies: ``in``, ``out``, or none."""
    if operation[0] != state.CALL:
        return ""
    entry = int(operation[state.field(0) // 8])
    return {experts.experts_in.address: "in", experts.experts_out.address: "out"}.get(entry, "")


def _layer(product: Product) -> int:
    """The layer's number; one beyond all for the output."""
    name = product.tensors[0]
    return int(name.split(".")[1]) if name.startswith("blk.") else 1 << 30


def _steps(program: Operations, first: int, last: int, products: Mapping[int, Product]) -> tuple[Step, ...]:
    """The steps of operations ``first`` to ``last``: every product begins the step after its own."""
    steps = []
    for at in range(first, last):
        if at in products:
            steps.append(Step(_program(program, first, at), products[at]))
            first = at
    return (*steps, Step(_program(program, first, last), None))


def _program(program: Operations, first: int, last: int) -> Operations:
    """Operations ``first`` to ``last`` and the end."""
    return np.ascontiguousarray(np.concatenate([program[first:last], program[-1:]]))
