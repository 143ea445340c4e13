"""From a kernel's Python source to machine code: the one place that runs numba.

Numba makes every function that it compiles ready to be called from Python: wrappers, optimization, machine code. For
the hundred small functions inside a kernel that is more than half of the compile time, and all of it is thrown away.
So the functions that only compiled code calls are typed and lowered here, and then optimized and assembled once, within
the entry that calls them. Entries become relocatable objects with one C function, ``SYMBOL``, which need neither
Python nor numba to run.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import binding, ir

from octavo.engine.simd.inner import Kernel
from octavo.engine.simd.lowering import Operation, Vector, i64
from octavo.engine.simd.machine_code import SYMBOL
from octavo.engine.simd.tier import configure_numba

configure_numba()

from numba import types  # noqa: E402  # the tier must be in the environment first
from numba.core import typed_passes, untyped_passes  # noqa: E402
from numba.core.codegen import JITCodeLibrary  # noqa: E402
from numba.core.compiler import CompilerBase  # noqa: E402
from numba.core.compiler_lock import global_compiler_lock  # noqa: E402
from numba.core.compiler_machinery import PassManager, register_pass  # noqa: E402
from numba.core.dispatcher import _FunctionCompiler  # type: ignore[attr-defined]  # noqa: E402  # not exported
from numba.core.registry import CPUDispatcher, cpu_target  # noqa: E402
from numba.core.runtime.nrt import rtsys  # noqa: E402
from numba.core.typing.templates import make_intrinsic_template  # noqa: E402
from numba.extending import models, register_model, typeof_impl  # noqa: E402

_OPTIONS: dict[str, Any] = {  # numba's own option values
    "nopython": True,
    "nogil": True,
    "error_model": "numpy",
    "boundscheck": False,
    "no_rewrites": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}


class _VectorType(types.Type):
    """A vector register as a Numba value."""

    def __init__(self, vector: Vector) -> None:
        super().__init__(name=vector.name)
        self.lowered = vector.lowered


@register_model(_VectorType)
class _VectorModel(models.PrimitiveModel):
    """A vector is one LLVM value, so that it lives in registers."""

    def __init__(self, manager: Any, vector: _VectorType) -> None:  # numba's data model manager
        super().__init__(manager, vector, vector.lowered)


_TYPES: dict[Vector | ir.Type, Any] = {  # numba's types
    ir.IntType(64): types.int64,
    ir.IntType(32): types.int32,
    ir.FloatType(): types.float32,
    ir.DoubleType(): types.float64,
    ir.VoidType(): types.void,
}


def _numba_type(kind: Vector | ir.Type) -> Any:  # numba's type
    if kind not in _TYPES:
        assert isinstance(kind, Vector)
        _TYPES[kind] = _VectorType(kind)
    return _TYPES[kind]


@typeof_impl.register(Operation)
def _type_of_operation(operation: Operation, _: object) -> Any:  # numba's type
    """An operation is an intrinsic, made when it is first met."""
    if operation.typed is None:
        operation.typed = types.Function(_intrinsic_template(operation))
    return operation.typed


def _intrinsic_template(operation: Operation) -> Any:  # numba's template class
    result = _numba_type(operation.result)
    arguments = tuple(_numba_type(each) for each in operation.arguments)

    def generate(context: Any, builder: Any, _: Any, values: Sequence[Any]) -> Any:  # numba's objects
        value = operation.emit(builder, *values)
        return context.get_dummy_value() if result is types.void else value

    def typed(typing_context: Any, *given: Any) -> Any:  # numba's objects
        return result(*arguments), generate

    # Numba asks for the number of arguments, which a starred parameter hides.
    names = ["typing_context", *(f"x{n}" for n in range(len(arguments)))]
    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
    typed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # functions may have one
    return make_intrinsic_template(operation, typed, operation.emit.__name__)


@typeof_impl.register(Kernel)
def _type_of_kernel(kernel: Kernel, _: object) -> Any:  # numba's type
    """A kernel is a dispatcher, made when it is first met."""
    if kernel.dispatcher is None:
        kernel.dispatcher = _Dispatcher(kernel.function)
    return types.Dispatcher(kernel.dispatcher)


class _Library(JITCodeLibrary):
    """LLVM code that is linked, and never handed to numba's engine."""

    def _optimize_functions(self, ll_module: Any) -> None:  # LLVM's module
        """Only what linking needs; the optimizer sees all functions of an entry together, later."""
        ll_module.data_layout = self._codegen._data_layout

    def add_linking_library(self, library: Any) -> None:  # numba's library
        """Numba's runtime counts references, and kernels have none."""
        if library is not rtsys.library:
            super().add_linking_library(library)

    def finalize(self) -> None:
        """Link what it calls."""
        self._raise_if_finalized()
        for library in dict.fromkeys(self._linking_libraries):
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._finalized = True

    def object_code(self) -> bytes:
        """Optimize and assemble ``SYMBOL`` with all that it calls."""
        self._ensure_finalized()
        module = self._final_module
        for function in module.functions:
            if function.linkage == binding.Linkage.external and not function.is_declaration:
                if function.name != SYMBOL:
                    function.linkage = "internal"
            elif function.is_declaration and not _is_known(function.name):
                raise RuntimeError(f"{self.name} calls {function.name}, which nothing provides")
        manager, builder = self._codegen._module_pass_manager()
        manager.run(module, builder)
        module.verify()
        return bytes(self._codegen._tm.emit_object(module))


def _is_known(name: str) -> bool:
    return name.startswith("llvm.") or binding.address_of_symbol(name) is not None


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(typed_passes.NativeLowering):
    """Numba's lowering, without anything that Python would need to call the function."""

    _name = "octavo_lowering"

    def run_pass(self, state: Any) -> bool:  # numba's compiler state
        state.library = _Library(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        result = state["cr"]
        key = object()  # by which callers find it
        state.targetctx.insert_user_function(key, result.fndesc, [state.library])
        state["cr"] = result._replace(cfunc=key)
        return True


class _Compiler(CompilerBase):
    """The passes that functions of numbers need; numba's others look for what they do not have."""

    def define_pipelines(self) -> list[PassManager]:
        """One list of passes."""
        manager = PassManager("octavo")
        for each in (
            untyped_passes.TranslateByteCode,
            untyped_passes.FixupArgs,
            untyped_passes.IRProcessing,
            untyped_passes.ReconstructSSA,
            typed_passes.NopythonTypeInference,
            typed_passes.PreLowerStripPhis,
            typed_passes.IRLegalization,
            _Lowering,
            typed_passes.NoPythonBackend,
        ):
            manager.add_pass(each, each.__name__)
        manager.finalize()
        return [manager]


class _Dispatcher(CPUDispatcher):
    """Compiles a function for other compiled functions, once for each combination of argument types."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function, targetoptions=_OPTIONS, pipeline_class=_Compiler)

    def add_overload(self, result: Any) -> None:  # numba's compile result
        """Keep it for callers; unlike numba's, it cannot be called from Python."""
        self.overloads[tuple(result.signature.args)] = result


def object_code(function: Callable[..., int], n_arguments: int) -> bytes:
    """Compile ``function`` of ``n_arguments`` int64 to an object whose ``SYMBOL`` is that function in C."""
    with global_compiler_lock:
        compiler = _FunctionCompiler(function, cpu_target, _OPTIONS, {}, _Compiler)
        result = compiler.compile((types.int64,) * n_arguments, types.int64)
        context, described = cpu_target.target_context, result.fndesc
        module = context.create_module("entry")
        called = ir.Function(
            module,
            context.call_conv.get_function_type(described.restype, described.argtypes),
            described.llvm_func_name,
        )
        outside = ir.Function(module, ir.FunctionType(i64, [i64] * n_arguments), SYMBOL)
        builder = ir.IRBuilder(outside.append_basic_block())
        # The status says whether Python raised, which these functions cannot.
        _, value = context.call_conv.call_function(
            builder, called, described.restype, described.argtypes, outside.args
        )
        builder.ret(value)
        result.library.add_ir_module(module)
        code: bytes = result.library.object_code()
        return code
