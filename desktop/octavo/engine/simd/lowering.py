"""How a Python name becomes LLVM instructions: the vector types, and the decorator that defines an operation.

``F`` is 16 float32, ``I`` is 16 int32 (or the same 64 bytes seen as 32 int16 or 64 int8). LLVM splits them into
what the tier has: one AVX-512 register, two of AVX2, four of SSE2 or NEON. So a kernel is written once, and
only the operations of ``dot.py`` and of half precision know tiers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from octavo.engine.simd.compiler import cgutils

i8, i16, i32, i64 = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.IntType(64)
f16, f32 = ir.HalfType(), ir.FloatType()
v16i32, v16f32 = ir.VectorType(i32, 16), ir.VectorType(f32, 16)
v64i8, v32i16, v32i32, v16i16, v16i8 = (
    ir.VectorType(i8, 64),
    ir.VectorType(i16, 32),
    ir.VectorType(i32, 32),
    ir.VectorType(i16, 16),
    ir.VectorType(i8, 16),
)


@dataclass(frozen=True)
class Vector:
    """A vector register as a value of compiled code."""

    name: str
    lowered: ir.VectorType


I = Vector("i32x16", v16i32)  # noqa: E741  # the name of the integer vector everywhere
F = Vector("f32x16", v16f32)

_LETTERS: dict[str, Vector | ir.Type] = {
    "I": I,
    "F": F,
    "p": i64,  # an address
    "l": i64,
    "i": i32,
    "f": f32,
    "d": ir.DoubleType(),
    "v": ir.VoidType(),
}

Emit = Callable[..., Any]  # (builder, *llvm values) -> llvm value


class Operation:
    """A name that stands for LLVM code; compiled code calls it, Python cannot.

    Parameters
    ----------
    signature : str
        As ``operation`` takes it.
    emit : callable
        Writes the code: (builder, *values) -> value.
    """

    def __init__(self, signature: str, emit: Emit) -> None:
        result, arguments = signature.split(":")
        self.result = _LETTERS[result]
        self.arguments = tuple(_LETTERS[letter] for letter in arguments)
        self.emit = emit
        self.typed: Any = None  # numba's type of it, made by compile.py
        self.__name__ = emit.__name__
        self.__doc__ = emit.__doc__


def operation(signature: str) -> Callable[[Emit], Any]:
    """Define an operation by the LLVM code that it emits.

    Parameters
    ----------
    signature : str
        Result and arguments as letters, ``"F:FF"``: F, I vectors; p address; l, i, f, d scalars; v nothing.
        Arguments of other number types are cast.
    """

    def define(emit: Emit) -> Any:  # compiled code calls it with what its signature says
        return Operation(signature, emit)

    return define


def pointer(builder: Any, address: Any, pointee: ir.Type) -> Any:
    """The address as a typed pointer."""
    return builder.inttoptr(address, ir.PointerType(pointee))


def call(
    builder: Any, name: str, result: ir.Type, arguments: Sequence[Any], *, fastmath: tuple[str, ...] = ()
) -> Any:
    """Call an LLVM intrinsic or C function by name."""
    function_type = ir.FunctionType(result, [value.type for value in arguments])
    function = cgutils.get_or_insert_function(builder.module, function_type, name)
    return builder.call(function, list(arguments), fastmath=fastmath)


def emit_call(builder: Any, function: Any, *arguments: Any) -> Any:
    """Call a compiled entry by its address: int64 arguments and result."""
    kind = ir.FunctionType(i64, [i64] * len(arguments))
    return builder.call(builder.inttoptr(function, ir.PointerType(kind)), list(arguments))


def splat(builder: Any, scalar: Any, vector_type: ir.VectorType) -> Any:
    """A vector with ``scalar`` in every lane."""
    undefined = ir.Constant(vector_type, ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(i32, 0))
    zeros = ir.Constant(ir.VectorType(i32, vector_type.count), [0] * vector_type.count)
    return builder.shuffle_vector(first, first, zeros)


def integer(value: int) -> ir.Constant:
    """An int64 constant."""
    return ir.Constant(i64, value)


def constant(vector_type: ir.VectorType, value: float) -> ir.Constant:
    """A vector constant with ``value`` in every lane."""
    return ir.Constant(vector_type, [value] * vector_type.count)


def shuffle(builder: Any, first: Any, second: Any, lanes: Sequence[int]) -> Any:
    """Lanes of ``first`` and, counted on, of ``second``."""
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(i32, len(lanes)), list(lanes)))
