"""How llama.cpp shares a model's layers among graphics cards: what its ``--fit`` and ``--split-mode layer`` work out.

Sources, all of llama.cpp: ``llama-model.cpp`` (``load_tensors``: without a ``--tensor-split`` each card gets layers by
what is free on it, the output on the last one); ``common/fit.cpp`` (if that leaves too little on one of them, cards
are filled from the last to the first); ``llama-context.cpp`` and ``ggml-backend.cpp`` (with all layers on several cards
they work in turn, for which the inputs of each are kept four times). Buffers for computing were fitted to what its
``fit-params`` tells of imagined cards: ``tests/benchmarks/fit.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

_COPIES = 4  # GGML_SCHED_MAX_COPIES
_CACHE_UNIT = 256


@dataclass(frozen=True)
class Burden:
    """What a model asks of cards.

    Parameters
    ----------
    layers : sequence of int
        Bytes of each layer: weights, and cache.
    is_local : sequence of bool
        Whether a layer sees a window alone.
    output_bytes : int
        Of the output matrix.
    n_embedding, n_feed_forward, n_vocabulary : int
        Widths that decide the buffers.
    batch_tokens, context_tokens, window : int
        Tokens computed at once, of the cache, and of a local layer's window.
    """

    layers: Sequence[int]
    is_local: Sequence[bool]
    output_bytes: int
    n_embedding: int
    n_feed_forward: int
    n_vocabulary: int
    batch_tokens: int
    context_tokens: int
    window: int

    @property
    def n_parts(self) -> int:
        """Layers, and the output as one more, as in ``-ngl``."""
        return len(self.layers) + 1

    @cached_property
    def _sums(self) -> list[int]:
        return list(accumulate([*self.layers, self.output_bytes], initial=0))

    @cached_property
    def _n_local(self) -> list[int]:
        return list(accumulate(map(int, self.is_local), initial=0))

    def bytes_on(self, start: int, end: int, *, is_first: bool, in_turn: bool) -> int:
        """Bytes on the card that has the parts from ``start`` to before ``end``; its driver is not counted.

        Parameters
        ----------
        in_turn : bool
            Whether several cards have all parts.
        """
        if end <= start:
            return 0
        return self._sums[end] - self._sums[start] + self._buffers(start, end, is_first, in_turn)

    def _buffers(self, start: int, end: int, is_first: bool, in_turn: bool) -> int:
        stream = 4 * self.batch_tokens * self.n_embedding
        last = min(end, len(self.layers))
        n_layers = last - start
        n_local = self._n_local[last] - self._n_local[start]
        mask = self._mask(self.context_tokens) if n_layers > n_local else 0
        if n_local:
            mask += self._mask(min(self.context_tokens, self.window + self.batch_tokens))
        computing = 3 * (stream + 4 * self.batch_tokens * self.n_feed_forward) if n_layers else 0
        logits = stream + 4 * self.batch_tokens * self.n_vocabulary if end == self.n_parts else 0
        if not in_turn:
            return max(logits, computing + mask) if logits else computing + mask - stream
        n_streams = 1 if is_first or not n_layers else 2
        return _COPIES * (mask + n_streams * stream) + max(logits, computing)

    def _mask(self, positions: int) -> int:
        """Which position sees which: float16."""
        return 2 * self.batch_tokens * -(-positions // _CACHE_UNIT) * _CACHE_UNIT


@dataclass(frozen=True)
class Split:
    """Parts of a model on each card, in the cards' order.

    Parameters
    ----------
    n_parts : tuple of int
        Of each card; what comes before them stays in the main memory.
    n_bytes : tuple of int
        They take of each card, with buffers.
    by_free : bool
        Whether llama.cpp's own default does it, which shares them by what is free.
    """

    n_parts: tuple[int, ...]
    n_bytes: tuple[int, ...]
    by_free: bool


def split_layers(burden: Burden, free: Sequence[int], spare: int) -> Split:
    """As many parts as leave ``spare`` bytes of what is ``free`` on each card."""
    even = _shares(burden, _parts_by_free(burden, free), by_free=True)
    if all(need <= there - spare for need, there in zip(even.n_bytes, free, strict=True)):
        return even
    parts = [0] * len(free)
    end = burden.n_parts
    for card in reversed(range(len(free))):
        parts[card] = _most(end, _takes(burden, card, end, len(free)), free[card] - spare)
        end -= parts[card]
    return _shares(burden, tuple(parts), by_free=False)


def _takes(burden: Burden, card: int, end: int, n_cards: int) -> Callable[[int], int]:
    """Bytes on a card by the number of its parts, which lie before ``end``."""

    def takes(n_parts: int) -> int:
        start = end - n_parts
        in_turn = n_cards > 1 and start == 0
        return burden.bytes_on(start, end, is_first=start == 0 or card == 0, in_turn=in_turn)

    return takes


def _most(limit: int, takes: Callable[[int], int], allowed: int) -> int:
    """The largest number up to ``limit`` that takes no more than ``allowed``; more take more."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if takes(middle) <= allowed else (low, middle - 1)
    return low


def _parts_by_free(burden: Burden, free: Sequence[int]) -> tuple[int, ...]:
    """All parts, shared by what is free: part ``i`` of ``n`` lies where the sum of free bytes passes ``i / n``."""
    n_parts, everything = burden.n_parts, sum(free)
    if not everything:
        return (n_parts, *[0] * (len(free) - 1))
    ends = [-(-bound * n_parts // everything) for bound in accumulate(free)]
    return tuple(end - start for start, end in zip([0, *ends], ends, strict=False))


def _shares(burden: Burden, parts: tuple[int, ...], *, by_free: bool) -> Split:
    start = burden.n_parts - sum(parts)
    in_turn = len(parts) > 1 and start == 0
    n_bytes = []
    is_first = True
    for count in parts:
        n_bytes.append(burden.bytes_on(start, start + count, is_first=is_first, in_turn=in_turn))
        start += count
        is_first = is_first and not count
    return Split(parts, tuple(n_bytes), by_free)
