"""How fast a model will read and answer: worked out from what was probed of this computer, never a measurement.

One token of an answer reads all weights that it uses, then the cache so far. For each the memory takes its time to
bring them, and the kernels theirs to multiply: at once, but not wholly, so it takes the longer of both times and part
of the other. A prompt is read 512 tokens at a time, so only the kernels count, and the attention of each token to
those before it. Loading is the program's imports and the header, as fast as Python is here; then memory that nobody
has touched yet, for cache, buffers and weights; and the packing of the weights.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from octavo.engine.blocks.types import BlockType, block_type
from octavo.engine.checkpoint.model import Hyperparameters, ModelCard, TensorInfo
from octavo.engine.estimate.memory import loaded_tensors, taken_bytes, tensor_bytes, weights_bytes
from octavo.engine.estimate.remember import remembered
from octavo.engine.estimate.speeds import CacheSpeed, KindSpeed, Speeds
from octavo.engine.hardware.bandwidth import bandwidth_at
from octavo.engine.hardware.interpreter import USUAL_SECONDS
from octavo.engine.kernels.layout import MAX_BATCH, cache_vector_bytes, kv_cache_bytes
from octavo.engine.quantize.quantizer import Plan

# The share of the bandwidth that decoding reaches: threads wait for the last of them at each operation
# (design/kernels.md, table 3e).
_EFFICIENCY = 0.85
# Of the cache, whose heads lie apart and are read in short runs; measured with SmolLM2 after 2,048 tokens: attention
# took 5.2 ms in the median of five rounds, where one half foretold 3.1.
_CACHE_EFFICIENCY = 0.36
# How far two times overlap: together they take as long as the norm of this order of both. 1 would be one after the
# other, and no bound the longer of them. Measured with the files of tests/benchmarks/fit.md: 3 to 6.
_OVERLAP = 4
# Header and tokenizer; and what a fresh child must import first, with its compiled kernels, which a second model in the
# same child does without. Measured with SmolLM2, Gemma 3 and 1.1 billion weights, where Python took USUAL_SECONDS.
_SECONDS_PER_METADATA_BYTE = 0.85e-7
_IMPORT_SECONDS = 0.31
# Of threads that pack side by side: the file is read meanwhile, and they wait for one another at fresh pages.
_LOADING_EFFICIENCY = 0.65
_MAX_LOADERS = 4


@dataclass(frozen=True)
class Overlap:
    """Two times that pass at once, though not wholly: to bring bytes from memory, and to compute with them."""

    memory_seconds: float = 0.0
    kernel_seconds: float = 0.0

    @property
    def together(self) -> float:
        """Seconds of both."""
        memory, kernels = self.memory_seconds**_OVERLAP, self.kernel_seconds**_OVERLAP
        return float((memory + kernels) ** (1 / _OVERLAP))


@dataclass(frozen=True)
class SpeedForecast:
    """Tokens per second, and seconds.

    Parameters
    ----------
    decode : float
        Of answers, after ``depth`` tokens.
    prefill : float
        Of a prompt of 512 tokens, after ``depth`` tokens.
    load_seconds : float
        Until the model is ready, its file in the system's cache and its kernels compiled.
    unknown : tuple of str
        Block types that were not probed: their share is a guess.
    weights_bytes, cache_bytes : int
        What one token of an answer reads.
    weights, cache : Overlap
        Of one token of an answer: multiplying, and attending.
    layers_seconds : float
        Of one token of an answer: all that layers do beside.
    opening_seconds : float
        Of loading: header, tokenizer and imports, and the pages of cache and buffers.
    """

    decode: float
    prefill: float
    load_seconds: float
    unknown: tuple[str, ...] = ()
    weights_bytes: int = 0
    cache_bytes: int = 0
    weights: Overlap = Overlap()
    cache: Overlap = Overlap()
    layers_seconds: float = 0.0
    opening_seconds: float = 0.0

    def first_word_seconds(self, prompt_tokens: int) -> float:
        """From sending a prompt to the first token of the answer."""
        return prompt_tokens / self.prefill + 1 / self.decode


def speed_forecast(
    card: ModelCard,
    plan: Plan | None,
    speeds: Speeds,
    *,
    depth: int = 0,
    kv_type: str = "f16",
    context_tokens: int = 0,
) -> SpeedForecast:
    """Estimate the speed with ``depth`` tokens in the cache, and of loading for a context; pure arithmetic."""
    estimator = SpeedEstimator(card, speeds, depth=depth, kv_type=kv_type, context_tokens=context_tokens)
    return estimator.forecast(plan)


class SpeedEstimator:
    """Estimates one model under many plans: what does not depend on the plan is worked out once.

    Parameters
    ----------
    card : ModelCard
    speeds : Speeds
    depth : int
        Tokens in the cache.
    kv_type : str
        The cache's type.
    context_tokens : int
        For which the model is loaded; 0 leaves the pages of cache and buffers out of loading.
    """

    def __init__(
        self,
        card: ModelCard,
        speeds: Speeds,
        *,
        depth: int = 0,
        kv_type: str = "f16",
        context_tokens: int = 0,
    ) -> None:
        shape = card.hyperparameters
        cache = speeds.caches.get(kv_type) or CacheSpeed(0.0, 0.0)
        self._speeds = speeds
        self._slowest = _slowest(speeds)
        self._card = card
        self._cache_bytes = _cache_bytes(shape, depth, kv_type)
        self._attending = cache.decode * _attended(shape, depth)
        self._layers = shape.n_layers * speeds.layer
        self._prompt_attending = cache.prefill * _attended(shape, depth + MAX_BATCH // 2)
        opening = _IMPORT_SECONDS + card.metadata_bytes * _SECONDS_PER_METADATA_BYTE
        self._opening = opening * speeds.interpreter / USUAL_SECONDS
        if context_tokens:
            taken = taken_bytes(card, context_tokens, kv_type=kv_type, n_threads=speeds.n_threads)
            self._opening += taken * speeds.fresh_memory

    def forecast(self, plan: Plan | None) -> SpeedForecast:
        """The speed of the model as it is (None), or as ``plan`` would make it."""
        found = _sums(self._card, plan)
        unknown = sorted(set(found.decode_bytes) - set(self._speeds.kinds))
        kinds = dict.fromkeys(found.file_bytes, self._slowest) | self._speeds.kinds
        weights = sum(found.decode_bytes.values())
        touched = found.idle_bytes + weights + self._cache_bytes
        bandwidth = bandwidth_at(self._speeds.bandwidth, touched)
        multiplying = sum(n * kinds[name].decode for name, n in found.decode_bytes.items())
        reading = Overlap(weights / (_EFFICIENCY * bandwidth), multiplying)
        attending = Overlap(self._cache_bytes / (_CACHE_EFFICIENCY * bandwidth), self._attending)
        prompt = sum(n * kinds[name].prefill for name, n in found.prefill_weights.items())
        prompt += found.columns * self._speeds.column + self._prompt_attending
        packing = sum(n * kinds[name].packing for name, n in found.file_bytes.items())
        fresh = sum(found.file_bytes.values()) * self._speeds.fresh_memory
        n_loaders = min(self._speeds.n_threads, _MAX_LOADERS)
        loading = self._opening + (fresh + packing) / (_LOADING_EFFICIENCY * n_loaders)
        return SpeedForecast(
            decode=1 / (reading.together + attending.together + self._layers),
            # A probe before any kernel was compiled knows the memory alone.
            prefill=1 / prompt if prompt else 0.0,
            load_seconds=loading,
            unknown=tuple(unknown),
            weights_bytes=weights,
            cache_bytes=self._cache_bytes,
            weights=reading,
            cache=attending,
            layers_seconds=self._layers,
            opening_seconds=self._opening,
        )


@dataclass
class _Sums:
    """What one token meets, by block type; ``idle_bytes`` are those of experts that it does not use."""

    decode_bytes: Counter[str] = field(default_factory=Counter)
    prefill_weights: Counter[str] = field(default_factory=Counter)
    file_bytes: Counter[str] = field(default_factory=Counter)
    columns: float = 0.0
    idle_bytes: float = 0.0

    def add(
        self, kind: BlockType, shape: tuple[int, ...], count: int, share: float, *, is_head: bool
    ) -> None:
        """Add tensors of a kind and shape, of which a token meets a share."""
        tensor = TensorInfo("", shape, kind)
        self.file_bytes[kind.name] += count * tensor.n_bytes
        if not share or not tensor.is_matrix:
            return
        n_bytes = count * tensor_bytes(tensor, {})
        self.decode_bytes[kind.name] += int(n_bytes * share)
        self.idle_bytes += n_bytes * (1 - share)
        if not is_head:  # of a prompt only the last token needs it
            self.prefill_weights[kind.name] += int(count * tensor.n_weights * share)
            self.columns += count * (tensor.rows + tensor.columns) * share


@remembered
def _sums(card: ModelCard, plan: Plan | None) -> _Sums:
    """All tensors together."""
    types = plan.types if plan is not None else {}
    # Of many tensors there are few kinds: a window prices all plans within a frame.
    kinds = Counter(
        (types.get(each.name, each.block_type).name, each.shape, *_use(card, each))
        for each in loaded_tensors(card)
    )
    sums = _Sums()
    for (name, shape, share, is_head), count in kinds.items():
        sums.add(block_type(name), shape, count, share, is_head=is_head)
    return sums


def _use(card: ModelCard, tensor: TensorInfo) -> tuple[float, bool]:
    """The share of a tensor that a token meets, and whether it is the output matrix."""
    shape = card.hyperparameters
    if tensor.name == "token_embd.weight":  # only one row is read, but of an output matrix all
        return (1.0 if is_tied(card) else 0.0), True
    if shape.n_experts > 0 and tensor.is_expert:
        return shape.n_experts_used / shape.n_experts, False
    return 1.0, tensor.name == "output.weight"


def is_tied(card: ModelCard) -> bool:
    """Whether the embedding is the output matrix too."""
    return not any(each.name == "output.weight" for each in card.tensors)


def _positions(shape: Hyperparameters, layer: int, depth: int) -> int:
    """How many tokens a token of this layer attends to."""
    is_local = bool(shape.is_local) and shape.is_local[layer] and shape.sliding_window > 0
    return min(depth, shape.sliding_window) if is_local else depth


def _attended(shape: Hyperparameters, depth: int) -> int:
    """Heads times positions times numbers of key and value, of all layers."""
    size = shape.key_size + shape.value_size
    return sum(shape.n_heads[n] * _positions(shape, n, depth) * size for n in range(shape.n_layers))


def _cache_bytes(shape: Hyperparameters, depth: int, kv_type: str) -> int:
    """Bytes of the cache that one token reads."""
    vectors = cache_vector_bytes(shape.key_size, kv_type) + cache_vector_bytes(shape.value_size, kv_type)
    return sum(shape.n_kv_heads[n] * _positions(shape, n, depth) * vectors for n in range(shape.n_layers))


def _slowest(speeds: Speeds) -> KindSpeed:
    """Stands in for a type that was not probed."""
    known = list(speeds.kinds.values()) or [KindSpeed(0.0, 0.0, 0.0)]
    return KindSpeed(
        *(max(getattr(each, name) for each in known) for name in ("decode", "prefill", "packing"))
    )


def bytes_per_token(
    card: ModelCard, plan: Plan | None, *, context_tokens: int = 0, kv_type: str = "f16"
) -> int:
    """Bytes read from memory for one new token with ``context_tokens`` in the cache.

    Of an embedding that is no output matrix only one row is read; of experts only those that are used.
    """
    shape = card.hyperparameters
    types = plan.types if plan is not None else {}
    unread = [each for each in loaded_tensors(card) if each.is_expert]
    idle = sum(tensor_bytes(each, types) for each in unread) * (shape.n_experts - shape.n_experts_used)
    total = weights_bytes(card, plan) - (idle // shape.n_experts if shape.n_experts else 0)
    if not is_tied(card):
        total -= sum(tensor_bytes(each, types) for each in card.tensors if each.name == "token_embd.weight")
    return total + kv_cache_bytes(shape, context_tokens, kv_type)


def tokens_per_second(
    card: ModelCard, plan: Plan | None, bandwidth: float, *, context_tokens: int = 0, kv_type: str = "f16"
) -> float:
    """Estimated tokens per second while answering, where only the bandwidth is known.

    Parameters
    ----------
    bandwidth : float
        Bytes per second that this computer reads from memory.
    """
    read = bytes_per_token(card, plan, context_tokens=context_tokens, kv_type=kv_type)
    return _EFFICIENCY * bandwidth / read
