"""Compiled entries in memory: relocatable objects made callable by LLVM's linker."""

from __future__ import annotations

from functools import cache

from llvmlite import binding

SYMBOL = "octavo_entry"


@cache
def _ready() -> None:
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()


class MachineCode:
    """One entry's code, placed in this process for as long as this object lives.

    Parameters
    ----------
    code : bytes
        An object that defines ``SYMBOL``. Each has a linker of its own, so names inside two of them never meet.
    """

    def __init__(self, code: bytes) -> None:
        _ready()
        machine = binding.Target.from_triple(binding.get_process_triple()).create_target_machine(jit=True)
        self._engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
        self._engine.add_object_file(binding.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        self.address = int(self._engine.get_function_address(SYMBOL))
        """The C address of the function."""
