"""What Octavo itself takes while a model runs: Python, its libraries, compiled kernels, and the tokenizer.

The only figures of an estimate that are measured and not counted; ``tests/benchmarks/fit_memory.py`` measures them
again. All are resident bytes of the engine's child on Linux x86-64 with CPython 3.11 and numpy 2 after an answer,
kernels in the cache (numba is imported by nobody then). Elsewhere nothing was measured yet, so these stand in.
"""

from __future__ import annotations

from octavo.engine.checkpoint.model import ModelCard

# The child without tokenizer: 101 to 110 MB with five models, some 71 MB of it pages of shared libraries.
_CHILD_BYTES = 105_500_000
# A byte of metadata as Python objects: header and tokenizer together. Pairs to merge cost the most: SmolLM2 18.2,
# Qwen2 15.7, Llama 3 15.9, GPT-2 15.5, Command R 14.4; scored pieces less: Gemma 3 10.3, Phi-3 9.9, Llama 2 9.7.
_METADATA_FACTORS = {"gpt2": 17, "llama": 10}
# A folder's tokenizer.json is kept beside what is made of it: SmolLM2 30.3 to 34.
_FOLDER_FACTOR = 16

# A process that compiles kernels, the first time only, and how many there are at once (``simd.compile_ahead``).
_COMPILER_BYTES = 150_000_000
_MAX_COMPILERS = 4
# Weights on their way from the file to where they stay: pieces of 4 MiB, in up to four threads (``inference.loader``).
_SLAB_BYTES = 4 << 20
_MAX_LOADERS = 4


def program_bytes(card: ModelCard) -> int:
    """Bytes of the program with this model's tokenizer."""
    factor = _METADATA_FACTORS.get(card.tokenizer, max(_METADATA_FACTORS.values()))
    if card.container == "safetensors":
        factor += _FOLDER_FACTOR
    return _CHILD_BYTES + factor * card.metadata_bytes


def loading_bytes(
    card: ModelCard, weights_bytes: int, n_threads: int, *, taken_bytes: int = 0, compiles: bool = False
) -> int:
    """The most that is held until the model is ready.

    Parameters
    ----------
    taken_bytes : int
        What of the cache and the buffers is taken in advance: see ``memory.taken_bytes``.
    compiles : bool
        Whether its kernels must be compiled, as at the first start.
    """
    slabs = 2 * min(n_threads, _MAX_LOADERS) * _SLAB_BYTES
    compilers = min(n_threads, _MAX_COMPILERS) * _COMPILER_BYTES if compiles else 0
    return program_bytes(card) + max(weights_bytes + max(slabs, taken_bytes), compilers)
