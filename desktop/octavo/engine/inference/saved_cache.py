"""A session's memory of what it has read, in a file: the next start need not read it again.

Layout::

    "OCTAVOKV" | u32 length of the header | header as JSON | used part of the KV cache | SHA-256 of all before

The header says which model, kernels and settings the cache belongs to; where anything differs it is refused.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from io import BufferedReader
from pathlib import Path

from octavo.engine.checkpoint.model import Hyperparameters
from octavo.engine.errors import OctavoError
from octavo.engine.inference.memory import ModelWeights
from octavo.engine.simd.cache import content_key

_MAGIC = b"OCTAVOKV"
_LENGTH = struct.Struct("<I")
_MAX_HEADER_BYTES = 64 << 20
_DIGEST_BYTES = 32
_READ_AGAIN = "Let the model read the conversation again."


@dataclass(frozen=True)
class CacheState:
    """What a saved cache holds and what it belongs to.

    Parameters
    ----------
    model : str
        A hash of the model's weights and shape, and of the kernels that lay the cache out.
    kv_type : str
    context_tokens : int
    tokens : list of int
        What has been read, in order.
    longest : int
        The most positions that were ever written since the cache was empty.
    """

    model: str
    kv_type: str
    context_tokens: int
    tokens: list[int]
    longest: int


def model_identity(shape: Hyperparameters, weights: ModelWeights) -> str:
    """A hash of what a cache depends on: the model, and the kernels that lay it out."""
    text = f"{content_key()} {shape} {weights.fingerprint()}"
    return hashlib.sha256(text.encode()).hexdigest()


def write_cache(path: Path, state: CacheState, parts: Sequence[memoryview]) -> None:
    """Write a cache to ``path``, whole or not at all.

    Parameters
    ----------
    parts : sequence of memoryview
        The used bytes of the cache, in order.
    """
    header = json.dumps(asdict(state)).encode()
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".partial")
    try:
        with os.fdopen(descriptor, "wb") as file:
            digest = hashlib.sha256()
            for part in (memoryview(_MAGIC + _LENGTH.pack(len(header)) + header), *parts):
                digest.update(part)
                file.write(part)
            file.write(digest.digest())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def read_cache(
    path: Path, expected: CacheState, n_vocabulary: int, parts: Callable[[int], Sequence[memoryview]]
) -> CacheState:
    """Read back what ``write_cache`` wrote.

    Parameters
    ----------
    expected : CacheState
        The model and the settings that it must belong to; tokens mean nothing here.
    parts : callable
        Gives the memory to fill for so many positions.

    Raises
    ------
    OctavoError
        It is no saved cache, of something else, or damaged; the memory may have been written to.
    """
    with path.open("rb") as file:
        state = _read_state(file, path.name)
        _check_state(state, expected, n_vocabulary)
        _read_parts(file, parts(state.longest))
    return state


def saved_tokens(path: Path) -> list[int]:
    """The tokens that ``write_cache`` wrote the cache of; raises OctavoError if it is no such file."""
    with path.open("rb") as file:
        return _read_state(file, path.name).tokens


def _read_state(file: BufferedReader, name: str) -> CacheState:
    """The header of an open cache file."""
    if file.read(len(_MAGIC)) != _MAGIC:
        raise _no_cache(name)
    length = file.read(_LENGTH.size)
    n_bytes = _LENGTH.unpack(length)[0] if len(length) == _LENGTH.size else 0
    if not 0 < n_bytes <= _MAX_HEADER_BYTES:
        raise _no_cache(name)
    try:
        state = CacheState(**json.loads(file.read(n_bytes)))
    except (ValueError, TypeError, RecursionError) as error:
        raise _no_cache(name) from error
    numbers = [*state.tokens, state.longest] if isinstance(state.tokens, list) else [None]
    if not all(type(each) is int and each >= 0 for each in numbers):
        raise _no_cache(name)
    return state


def _check_state(state: CacheState, expected: CacheState, n_vocabulary: int) -> None:
    """Refuse a cache of another model or of other settings."""
    if state.model != expected.model:
        raise OctavoError("This was saved by another model, or by another version of Octavo.", _READ_AGAIN)
    if (state.kv_type, state.context_tokens) != (expected.kv_type, expected.context_tokens):
        raise OctavoError(
            f"This was saved with a context of {state.context_tokens} tokens in {state.kv_type}, "
            f"and the model is loaded with {expected.context_tokens} in {expected.kv_type}.",
            "Load it as before, or let it read the conversation again.",
        )
    n = len(state.tokens)
    if not n <= state.longest <= state.context_tokens or max(state.tokens, default=0) >= n_vocabulary:
        raise _damaged()


def _read_parts(file: BufferedReader, parts: Sequence[memoryview]) -> None:
    """Fill ``parts`` from behind the header, and check the digest of all."""
    digest = hashlib.sha256()
    start = file.tell()
    file.seek(0)
    digest.update(file.read(start))
    for part in parts:
        if file.readinto(part) != len(part):
            raise _damaged()
        digest.update(part)
    if file.read(_DIGEST_BYTES + 1) != digest.digest():
        raise _damaged()


def _no_cache(name: str) -> OctavoError:
    return OctavoError(f"{name} is no saved conversation.", _READ_AGAIN)


def _damaged() -> OctavoError:
    return OctavoError("This saved conversation is damaged.", _READ_AGAIN)
