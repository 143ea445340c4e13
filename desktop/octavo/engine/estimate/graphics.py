"""What of a file other programs could put into graphics memories; Octavo itself does not use them.

llama.cpp takes layers whole, the last ones first, and the output matrix with them: weights as they lie in the file,
the cache in f16 or q8_0, and a buffer for computing. It gives each layer of a sliding window only the window's
positions, padded, and a batch of 512 tokens. CUDA itself takes some hundred MB of each card. One GiB is left of each,
as its ``--fit`` leaves by default (``common.h``, ``fit_params_target``): ``tests/benchmarks/fit.md`` has its figures
beside ours. How several cards share the layers: `layer_split`.

vLLM takes all or nothing: weights, and a cache of the whole context in 16 bits, within 0.9 of a card
(``gpu_memory_utilization``), which must be free when it starts; what it computes in lies there as well. Several cards
it gives equal parts (``tensor_parallel_size``), for which it must be able to divide the heads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.estimate.layer_split import Burden, Split, split_layers
from octavo.engine.estimate.memory import loaded_tensors
from octavo.engine.estimate.remember import remembered
from octavo.engine.estimate.verdict import readable_bytes
from octavo.engine.hardware.pools import MemoryPool
from octavo.engine.kernels.layout import (
    batch_tokens,
    cache_positions,
    cache_vector_bytes,
    kv_cache_bytes,
)
from octavo.engine.quantize.quantizer import Plan

# CUDA's context and llama.cpp's kernels: 300 to 500 MB by the card's generation, as users report.
_DRIVER_BYTES = 400_000_000
_SPARE_BYTES = 1 << 30
_VLLM_SHARE = 0.9
_EXPERTS = "; its --fit keeps experts of all layers in the main memory before it leaves a layer out"
# A part of a divided card (MIG) by NVIDIA's names: a program runs on one alone.
_PART_OF_A_CARD = " MIG "


@dataclass(frozen=True)
class GraphicsFit:
    """What fits into one graphics memory, or into several together.

    Parameters
    ----------
    pool : str
        Its name, or how many they are.
    total_bytes, free_bytes : int
        What all of the model needs there in llama.cpp, and what is free.
    n_layers, of_layers : int
        Layers that llama.cpp puts there, and those there are; the output matrix counts as one, as in its ``-ngl``.
    formula : str
        How it was worked out, with its figures.
    layers_per_card : tuple of int
        Of each of several cards, as in llama.cpp's ``-ts``.
    vllm_bytes, vllm_budget_bytes : int
        What vLLM needs at least, weights and cache, and what it may take; 0 where it cannot divide the model.
    """

    pool: str
    total_bytes: int
    free_bytes: int
    n_layers: int
    of_layers: int
    formula: str
    layers_per_card: tuple[int, ...] = ()
    vllm_bytes: int = 0
    vllm_budget_bytes: int = 0

    @property
    def fits(self) -> bool:
        """Whether llama.cpp puts all of it there."""
        return self.n_layers == self.of_layers

    @property
    def fits_vllm(self) -> bool:
        """Whether vLLM could hold it."""
        return self.vllm_bytes <= self.vllm_budget_bytes

    @property
    def flags(self) -> str:
        """What llama.cpp's programs are given for it."""
        shares = ",".join(map(str, self.layers_per_card))
        return f"-ngl {self.n_layers}" + (f" -ts {shares}" if shares else "")


def graphics_fits(
    card: ModelCard,
    plan: Plan | None,
    pools: Sequence[MemoryPool],
    *,
    context_tokens: int,
    kv_type: str = "f16",
) -> tuple[GraphicsFit, ...]:
    """Each graphics memory by itself, and after them all together where there are several."""
    if not pools:
        return ()
    burden = _burden(card, plan, context_tokens, kv_type)
    vllm_bytes = _vllm_bytes(card, plan, context_tokens)
    found = [_alone(burden, pool) for pool in pools]
    places: list[Sequence[MemoryPool]] = [[pool] for pool in pools]
    whole = [pool for pool in pools if _PART_OF_A_CARD not in pool.name]
    if len(whole) > 1:
        found.append(_together(burden, whole))
        places.append(whole)
    experts = _EXPERTS if card.hyperparameters.n_experts else ""
    return tuple(
        replace(
            fit,
            formula=fit.formula + experts * (not fit.fits),
            vllm_bytes=vllm_bytes,
            vllm_budget_bytes=_vllm_budget(card, those),
        )
        for fit, those in zip(found, places, strict=True)
    )


def graphics_fit(
    card: ModelCard, plan: Plan | None, pool: MemoryPool, *, context_tokens: int, kv_type: str = "f16"
) -> GraphicsFit:
    """What fits into what is free of one."""
    return graphics_fits(card, plan, [pool], context_tokens=context_tokens, kv_type=kv_type)[0]


def _alone(burden: Burden, pool: MemoryPool) -> GraphicsFit:
    """Count the layers that fit into what is free."""
    found = _split(burden, [pool])
    need = burden.bytes_on(0, burden.n_parts, is_first=True, in_turn=False)
    per_layer = sum(burden.layers) // max(1, len(burden.layers))
    buffers = _DRIVER_BYTES + need - sum(burden.layers) - burden.output_bytes
    formula = (
        f"({readable_bytes(pool.free_bytes)} free - {readable_bytes(_SPARE_BYTES)} to spare - "
        f"{readable_bytes(buffers)} buffers - {readable_bytes(burden.output_bytes)} output) / "
        f"{readable_bytes(per_layer)} a layer"
    )
    return GraphicsFit(
        pool=pool.name,
        total_bytes=_DRIVER_BYTES + need,
        free_bytes=pool.free_bytes,
        n_layers=sum(found.n_parts),
        of_layers=burden.n_parts,
        formula=formula,
    )


def _together(burden: Burden, pools: Sequence[MemoryPool]) -> GraphicsFit:
    """What llama.cpp puts on several cards at once."""
    found = _split(burden, pools)
    whole = found if found.by_free else split_layers(burden, [1 << 60] * len(pools), 0)
    on_each = ", ".join(
        f"{pool.name}: {_count(count, n_bytes, pool)}"
        for pool, count, n_bytes in zip(pools, found.n_parts, found.n_bytes, strict=True)
    )
    order = "shared by what is free" if found.by_free else "filled from the last card to the first"
    formula = (
        f"{on_each}; {order}, {readable_bytes(_SPARE_BYTES)} to spare on each and "
        f"{readable_bytes(_DRIVER_BYTES)} for its driver"
    )
    return GraphicsFit(
        pool=f"{len(pools)} cards together",
        total_bytes=sum(whole.n_bytes) + len(pools) * _DRIVER_BYTES,
        free_bytes=sum(pool.free_bytes for pool in pools),
        n_layers=sum(found.n_parts),
        of_layers=burden.n_parts,
        formula=formula,
        layers_per_card=found.n_parts,
    )


def _count(n_parts: int, n_bytes: int, pool: MemoryPool) -> str:
    free = f"{readable_bytes(pool.free_bytes)} free"
    return f"{n_parts} ({readable_bytes(n_bytes + _DRIVER_BYTES)} of {free})" if n_parts else f"none ({free})"


def _split(burden: Burden, pools: Sequence[MemoryPool]) -> Split:
    return split_layers(burden, [max(0, pool.free_bytes - _DRIVER_BYTES) for pool in pools], _SPARE_BYTES)


def _vllm_bytes(card: ModelCard, plan: Plan | None, context_tokens: int) -> int:
    """All weights, and the cache."""
    layers, output, embedding = _file_bytes(card, plan)
    return sum(layers.values()) + output + embedding + kv_cache_bytes(card.hyperparameters, context_tokens)


def _vllm_budget(card: ModelCard, pools: Sequence[MemoryPool]) -> int:
    """What vLLM may take: the card with the least room decides, as each gets the same."""
    if any(heads % len(pools) for heads in card.hyperparameters.n_heads):
        return 0
    return len(pools) * min(min(int(_VLLM_SHARE * pool.total_bytes), pool.free_bytes) for pool in pools)


def _burden(card: ModelCard, plan: Plan | None, context_tokens: int, kv_type: str) -> Burden:
    shape = card.hyperparameters
    layers, output, embedding = _file_bytes(card, plan)
    vectors = cache_vector_bytes(shape.key_size, kv_type) + cache_vector_bytes(shape.value_size, kv_type)
    is_local = tuple(shape.is_local) or (False,) * shape.n_layers
    places = {each: cache_positions(context_tokens, shape.sliding_window * each) for each in set(is_local)}
    return Burden(
        layers=[
            layers[n] + shape.n_kv_heads[n] * places[is_local[n]] * vectors for n in range(shape.n_layers)
        ],
        is_local=is_local,
        # The embedding stays in the main memory, unless it is the output too.
        output_bytes=output + embedding * (not _has_output(card, plan)),
        n_embedding=shape.n_embedding,
        n_feed_forward=max(*shape.n_feed_forward, shape.n_experts_used * shape.n_expert_feed_forward),
        n_vocabulary=shape.n_vocabulary,
        batch_tokens=batch_tokens(context_tokens),
        context_tokens=context_tokens,
        window=shape.sliding_window,
    )


@remembered
def _file_bytes(card: ModelCard, plan: Plan | None) -> tuple[defaultdict[int, int], int, int]:
    """Bytes of each layer as they lie in the file, of what follows them, and of the embedding."""
    types = plan.types if plan is not None else {}
    layers: defaultdict[int, int] = defaultdict(int)
    output = embedding = 0
    for tensor in loaded_tensors(card):
        n_bytes = tensor.rows * types.get(tensor.name, tensor.block_type).row_bytes(tensor.columns)
        place, _, rest = tensor.name.removeprefix("blk.").partition(".")
        if rest and place.isdigit():
            layers[int(place)] += n_bytes
        elif tensor.name == "token_embd.weight":
            embedding = n_bytes
        else:
            output += n_bytes
    return layers, output, embedding


@remembered
def _has_output(card: ModelCard, plan: Plan | None) -> bool:
    return any(each.name == "output.weight" for each in card.tensors)
