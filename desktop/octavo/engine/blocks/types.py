"""The block types: how many weights share a block, and in how many bytes.

Names, numbers and sizes are those of ``ggml.h`` (enum ``ggml_type``) and ``ggml-common.h``; the ``INT4`` ones, with
negative numbers, are our own (``int4_groups.py``): what AWQ and compressed-tensors checkpoints are read as.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BlockType:
    """One way to store weights.

    Parameters
    ----------
    name : str
        As the field writes it, for example ``Q4_K``.
    ggml_id : int
        The number that stands for it in a GGUF file; negative where none can hold it.
    n_weights, n_bytes : int
        Of one block. A row holds whole blocks.
    """

    name: str
    ggml_id: int
    n_weights: int
    n_bytes: int

    def row_bytes(self, columns: int) -> int:
        """Bytes of a row of ``columns`` weights; ``columns`` must hold whole blocks."""
        if columns % self.n_weights:
            raise ValueError(f"{columns} weights are no whole number of {self.name} blocks")
        return columns // self.n_weights * self.n_bytes

    @property
    def bits_per_weight(self) -> float:
        """Bits that one weight costs, scales included."""
        return 8 * self.n_bytes / self.n_weights

    @property
    def is_float(self) -> bool:
        """Whether each weight stands alone as a floating-point number."""
        return self.name in ("F32", "F16", "BF16", "F64")


_TYPES = (
    BlockType("F32", 0, 1, 4),
    BlockType("F16", 1, 1, 2),
    BlockType("Q4_0", 2, 32, 18),
    BlockType("Q4_1", 3, 32, 20),
    BlockType("Q5_0", 6, 32, 22),
    BlockType("Q5_1", 7, 32, 24),
    BlockType("Q8_0", 8, 32, 34),
    BlockType("Q8_1", 9, 32, 36),
    BlockType("Q2_K", 10, 256, 84),
    BlockType("Q3_K", 11, 256, 110),
    BlockType("Q4_K", 12, 256, 144),
    BlockType("Q5_K", 13, 256, 176),
    BlockType("Q6_K", 14, 256, 210),
    BlockType("Q8_K", 15, 256, 292),
    BlockType("IQ2_XXS", 16, 256, 66),
    BlockType("IQ2_XS", 17, 256, 74),
    BlockType("IQ3_XXS", 18, 256, 98),
    BlockType("IQ1_S", 19, 256, 50),
    BlockType("IQ4_NL", 20, 32, 18),
    BlockType("IQ3_S", 21, 256, 110),
    BlockType("IQ2_S", 22, 256, 82),
    BlockType("IQ4_XS", 23, 256, 136),
    BlockType("I8", 24, 1, 1),
    BlockType("I16", 25, 1, 2),
    BlockType("I32", 26, 1, 4),
    BlockType("I64", 27, 1, 8),
    BlockType("F64", 28, 1, 8),
    BlockType("IQ1_M", 29, 256, 56),
    BlockType("BF16", 30, 1, 2),
    BlockType("TQ1_0", 34, 256, 54),
    BlockType("TQ2_0", 35, 256, 66),
    BlockType("MXFP4", 39, 32, 17),
    BlockType("INT4_G32", -1, 32, 19),
    BlockType("INT4_G64", -2, 64, 35),
    BlockType("INT4_G128", -3, 128, 67),
)
_BY_NAME = {each.name: each for each in _TYPES}
_BY_ID = {each.ggml_id: each for each in _TYPES}


def block_type(name: str) -> BlockType:
    """The block type of that name; raises ``KeyError`` for an unknown one."""
    return _BY_NAME[name]


def block_type_of_id(ggml_id: int) -> BlockType | None:
    """The block type of that number, or None."""
    return _BY_ID.get(ggml_id)
