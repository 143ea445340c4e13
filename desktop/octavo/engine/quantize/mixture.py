"""llama.cpp's mixtures: one base type, more bits where they pay, a fallback where a row does not fit.

A mixture is a row of data (`Mixture`), so a plugin that adds one writes no rules. The rules are those of
``llama_tensor_get_type_impl`` and ``tensor_type_fallback`` in llama.cpp's ``src/llama-quant.cpp``; every
fact about the model is read from the tensors' names and shapes. Falcon's exceptions are left out: its
tensors cannot be told from others by name, and Octavo does not open Falcon models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from octavo.engine.blocks.types import BlockType, block_type
from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.quantize.mixture_options import MixtureOptions, PlainOptions
from octavo.engine.quantize.overrides import Override, parse_overrides, require_used
from octavo.engine.quantize.quantizer import Plan
from octavo.engine.quantize.tensor_roles import file_order, layer_number, may_shrink, role

# What stands in for a type whose blocks do not divide a row.
_FALLBACK = {
    "Q2_K": "Q4_0",
    "Q3_K": "Q4_0",
    "TQ1_0": "Q4_0",
    "TQ2_0": "Q4_0",
    "Q4_K": "Q5_0",
    "Q5_K": "Q5_1",
    "Q6_K": "Q8_0",
    "IQ2_XXS": "IQ4_NL",
    "IQ2_XS": "IQ4_NL",
    "IQ2_S": "IQ4_NL",
    "IQ3_XXS": "IQ4_NL",
    "IQ3_S": "IQ4_NL",
    "IQ1_S": "IQ4_NL",
    "IQ1_M": "IQ4_NL",
    "IQ4_XS": "IQ4_NL",
}


def always(index: int, count: int) -> bool:
    """Everywhere."""
    return True


def more_bits(index: int, count: int) -> bool:
    """The first and last eighth, and every third between: llama.cpp's ``use_more_bits``."""
    return index < count // 8 or index >= 7 * count // 8 or (index - count // 8) % 3 == 2


def first(n: int) -> Callable[[int, int], bool]:
    """The first ``n``."""
    return lambda index, count: index < n


def first_share(divisor: int) -> Callable[[int, int], bool]:
    """The first ``1 / divisor`` of all."""
    return lambda index, count: index < count // divisor


@dataclass(frozen=True)
class Upgrade:
    """Tensors of one role that get another type than the base.

    Parameters
    ----------
    role : str
        As `tensor_roles.role` names it.
    type_name : str
        The type they get.
    where : function (index, count) -> bool
        Whether the index-th of ``count`` such tensors gets it.
    imatrix : bool or None
        True for conversions with an importance matrix, False for those without, None for both.
    least_shared : int
        How many query heads at least must share a key.
    """

    role: str
    type_name: str
    where: Callable[[int, int], bool] = always
    imatrix: bool | None = None
    least_shared: int = 1


@dataclass(frozen=True)
class Mixture:
    """Which type each role gets.

    Parameters
    ----------
    file_type : int
        ``general.file_type`` of the result (``llama.h``, enum ``llama_ftype``).
    base : str
        The type of everything that no other rule names.
    output : str
        The type of the output matrix, or of the embedding where that doubles as output.
    upgrades : tuple of Upgrade
        The first that applies wins.
    output_of_8_experts : str
        The type of ``attn_output`` in models of exactly 8 experts; empty for the base.
    """

    file_type: int
    base: str
    output: str
    upgrades: tuple[Upgrade, ...] = ()
    output_of_8_experts: str = ""


@dataclass
class _Model:
    """What the rules ask about the whole model."""

    n_layers: int
    n_experts: int
    n_values: int
    is_tied: bool
    is_70b: bool
    n_sharing: int


def _survey(tensors: Sequence[TensorInfo]) -> _Model:
    shapes = {each.name: each.shape for each in tensors}
    n_layers = max((layer_number(name) for name in shapes), default=-1) + 1
    experts = [shape[0] for name, shape in shapes.items() if "_exps.weight" in name and len(shape) == 3]
    query, key = shapes.get("blk.0.attn_q.weight"), shapes.get("blk.0.attn_k.weight")
    return _Model(
        n_layers=n_layers,
        n_experts=max(experts, default=0),
        n_values=sum(role(name) == "attention_v" for name in shapes),
        is_tied="output.weight" not in shapes,
        # llama.cpp's LLM_TYPE_70B: 80 layers, several query heads per value head.
        is_70b=n_layers == 80 and query is not None and key is not None and query[0] != key[0],
        n_sharing=_sharing(shapes),
    )


def _sharing(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """How many query heads share a key: heads are equally wide, so the matrices' heights tell."""
    for name, shape in shapes.items():
        if name.endswith(".attn_q.weight"):
            keys = shapes.get(name.replace("attn_q", "attn_k"), shape)
            return shape[0] // max(1, keys[0])
        if name.endswith(".attn_qkv.weight"):
            queries = shapes.get(name.replace("attn_qkv", "attn_output"), shape)[-1]
            return queries // max(1, (shape[0] - queries) // 2)
    return 1


class _Chooser:
    """Walks the tensors in file order, because some rules count them."""

    def __init__(self, mixture: Mixture, model: _Model, *, has_imatrix: bool) -> None:
        self._mixture = mixture
        self._model = model
        self._upgrades = [
            each
            for each in mixture.upgrades
            if each.imatrix in (None, has_imatrix) and each.least_shared <= model.n_sharing
        ]
        self._seen: dict[str, int] = {}

    def choose(self, tensor: TensorInfo) -> str:
        """The type meant for ``tensor``, whether or not its rows fit."""
        if block_type(self._mixture.base).is_float:
            return self._mixture.base
        kind = role(tensor.name)
        if kind == "output" or (kind == "embedding" and self._model.is_tied):
            whole = tensor.columns % block_type(self._mixture.base).n_weights == 0
            return self._mixture.output if whole else "Q8_0"
        index = self._seen.get(kind, 0)
        self._seen[kind] = index + 1
        count = self._model.n_values if kind == "attention_v" else self._model.n_layers
        if kind.startswith("ffn") and self._model.n_experts > 1:
            index = layer_number(tensor.name)
        return self._with_exceptions(kind, self._upgraded(kind, index, count))

    def _upgraded(self, kind: str, index: int, count: int) -> str:
        for upgrade in self._upgrades:
            if upgrade.role == kind and upgrade.where(index, count):
                return upgrade.type_name
        return self._mixture.base

    def _with_exceptions(self, kind: str, chosen: str) -> str:
        if kind == "attention_v" and self._model.is_70b and chosen in ("Q3_K", "Q4_K"):
            chosen = "Q5_K"
        if self._model.n_experts == 8:
            if kind in ("attention_v", "attention_k"):
                return "Q8_0"
            if kind == "attention_output":
                return self._mixture.output_of_8_experts or chosen
        return chosen


def plan_mixture(
    tensors: Sequence[TensorInfo], mixture: Mixture, options: MixtureOptions | PlainOptions | None = None
) -> Plan:
    """Give every tensor its type, in the order in which ``llama-quantize`` writes them.

    Raises
    ------
    OctavoError
        The options' rules for single tensors are none, or fit nothing; or options exclude each other.
    """
    options = options or PlainOptions()
    options.check()
    overrides = parse_overrides(options.types)
    ordered = file_order(tensors)
    if overrides:
        require_used(overrides, [each for each in ordered if may_shrink(each)])
    chooser = _Chooser(mixture, _survey(ordered), has_imatrix=options.has_imatrix)
    types: dict[str, BlockType] = {}
    fallbacks: dict[str, str] = {}
    for tensor in ordered:
        if not may_shrink(tensor):
            types[tensor.name] = tensor.block_type
            continue
        wanted = _overridden(tensor.name, overrides) if overrides else ""
        # llama-quantize does not count what people chose: all later tensors of the role move up by one.
        usual = "" if wanted and options.compatible else chooser.choose(tensor)
        meant = wanted or usual
        fitting = _fitting(meant, tensor.columns)
        types[tensor.name] = block_type(fitting)
        if fitting != meant:
            fallbacks[tensor.name] = (
                f"{fitting} instead of {meant}: rows of {tensor.columns} are no whole number of blocks"
            )
    return Plan(types, mixture.file_type, fallbacks, options.compatible)


def _overridden(name: str, overrides: Sequence[Override]) -> str:
    return next((each.type_name for each in overrides if each.fits(name)), "")


@lru_cache(1024)
def _fitting(name: str, columns: int) -> str:
    if columns % block_type(name).n_weights == 0:
        return name
    smaller = _FALLBACK.get(name, "F16")
    return smaller if columns % block_type(smaller).n_weights == 0 else "F16"
