"""How long a calibration will take, and how much memory: counted from the model's shape and this computer's speed."""

from __future__ import annotations

from dataclasses import dataclass

from octavo.engine.blocks.types import BlockType
from octavo.engine.calibrate.factor import STRIP_ROWS
from octavo.engine.calibrate.feedback import can_feed_back
from octavo.engine.calibrate.moments import moments_bytes
from octavo.engine.calibrate.speed import CalibrationSpeed
from octavo.engine.calibrate.stream_files import spared_bytes
from octavo.engine.calibrate.windows import N_WINDOWS, WINDOW_TOKENS
from octavo.engine.checkpoint.folder_layouts import is_packed
from octavo.engine.checkpoint.model import ModelCard, TensorInfo
from octavo.engine.estimate.file_size import predicted_bytes
from octavo.engine.hardware.cores import usable_threads
from octavo.engine.kernels.layout import largest_layer_cache_bytes, working_bytes
from octavo.engine.quantize.quantizer import Plan
from octavo.engine.quantize.tensor_roles import layer_number

# What threads lose by waiting for each other and for memory, and minutes of work against the best of three short
# pieces of it; more where scales are searched, in thousands of short pieces. Measured on SmolLM2:
# 0.73 to 0.82 would have foretold Q4_K_M and Q8_0 to the second, 0.47 to 0.68 AWQ's folder and GGUF.
_EFFICIENCY, _SEARCH_EFFICIENCY = 0.74, 0.55
# Matrices that share their input, by a part of their names.
_SHARED_INPUTS = (("attn_q.", "attn_k.", "attn_v.", "attn_qkv."), ("ffn_gate", "ffn_up"))
# What a quantizer's own search holds of the rows that it tries: them, scaled, rounded, and changed.
_SEARCH_COPIES = 4
# What the library for matrix products keeps for itself, in one thread; measured at 12.
_LIBRARY_BYTES = 16_000_000
# The tokenizer and the compiled code through which text runs; measured with ``convert_forecast.py``.
_PROGRAM_BYTES = 33_000_000
# What the conversion's own pieces take; see ``convert/one_pass.py``.
_PIECES_BYTES = 20_000_000
# As many experts tell which scale is best for what goes into all.
_EXPERTS_TOLD = 8


@dataclass(frozen=True)
class _Product:
    """Matrices of one layer that share their input."""

    matrices: tuple[TensorInfo, ...]
    share: float
    """Of the tokens that go through each matrix: 1, or less for experts."""

    @property
    def columns(self) -> int:
        return self.matrices[0].columns

    @property
    def n_experts(self) -> int:
        return self.matrices[0].shape[0] if self.matrices[0].is_expert else 1


@dataclass(frozen=True)
class CalibrationTime:
    """What a calibration takes on this machine, were it idle.

    Parameters
    ----------
    finding : float
        Seconds in which text runs and scales are searched.
    rounding : float
        Seconds in which rows are rounded, in turns with it: layer by layer.
    """

    finding: float
    rounding: float

    @property
    def seconds(self) -> float:
        """Both together."""
        return self.finding + self.rounding


def forecast_seconds(
    card: ModelCard, plan: Plan, *, n_windows: int = N_WINDOWS, n_threads: int = 0
) -> CalibrationTime:
    """How long a calibration takes; the first time, this machine is timed for a second or two.

    Parameters
    ----------
    card : ModelCard
    plan : Plan
        What the conversion writes.
    """
    n_threads = n_threads or usable_threads()
    speed = CalibrationSpeed(n_threads)
    n_tokens = n_windows * _window(card)
    # What threads share, and what they do not.
    finding, alone, factoring = 0.0, 0.0, 0.0
    for product in _products(card):
        own_tokens = n_tokens * product.share
        n_weights = sum(each.n_weights for each in product.matrices)
        finding += own_tokens * n_weights * speed.forward()
        kinds = [_rounding(plan, plan.types[each.name]) for each in product.matrices]
        if any(kinds) or plan.calibration_windows:
            finding += own_tokens * product.n_experts * product.columns**2 * speed.moments(product.columns)
        if plan.calibration_windows and plan.search.trials:
            rows = plan.search.tried_rows * sum(each.rows for each in product.matrices)
            n_factored = product.n_experts
            if len(product.matrices) > 1 and n_factored > 1:  # what goes into experts has one scale
                rows *= min(1.0, _EXPERTS_TOLD / n_factored)
                n_factored = 1
            alone += plan.search.trials * n_factored * speed.coupling(product.columns)
            finding += plan.search.trials * rows * speed.groups(product.columns, _tried_group(plan))
        if any(kinds):
            prepare = speed.coupling if kinds[0] == "groups" else speed.factor
            factoring += product.n_experts * prepare(product.columns)
    rounding = _rounding_seconds(card, plan, speed)
    speed.keep()
    efficiency = _SEARCH_EFFICIENCY if plan.search.trials else _EFFICIENCY
    at_once = n_threads * efficiency if n_threads > 1 else 1.0
    n_layers = card.hyperparameters.n_layers
    return CalibrationTime(n_layers * (finding / at_once + alone), rounding / at_once + n_layers * factoring)


def _rounding_seconds(card: ModelCard, plan: Plan, speed: CalibrationSpeed) -> float:
    """Of all layers, whose matrices a mixture gives different types."""
    seconds = 0.0
    for each in card.tensors:
        if not each.is_matrix or layer_number(each.name) < 0:
            continue
        kind = _rounding(plan, plan.types[each.name])
        if kind == "groups":
            seconds += each.rows * speed.groups(each.columns, plan.group)
        elif kind:
            seconds += each.rows * speed.encode(plan.types[each.name], each.columns)
    return seconds


def _tried_group(plan: Plan) -> int:
    return plan.search.group or plan.group


def _rounding(plan: Plan, to: BlockType) -> str:
    """How rows become this type, knowing the moments: in ``groups``, in ``blocks``, or not, which is empty."""
    if plan.calibration_windows and not plan.search.feedback:
        return ""
    if plan.layout:
        return "groups" if is_packed(to) else ""
    return "blocks" if can_feed_back(to) else ""


def calibration_bytes(card: ModelCard, plan: Plan, *, n_windows: int = N_WINDOWS, n_threads: int = 0) -> int:
    """The most memory that a calibration takes beyond the conversion: one layer, its moments, and the text in it."""
    shape, window = card.hyperparameters, _window(card)
    products = _products(card)
    weights = sum(_held_bytes(each, plan) for product in products for each in product.matrices)
    text = _streams_bytes(card, n_windows)
    if calibration_disk_bytes(card, plan, n_windows=n_windows):
        text //= n_windows  # one at a time
    kept = sum(_kept_inputs(product, n_windows * window, shape.n_experts_used) for product in products)
    inputs = kept + 4 * window * _input_columns(products, plan)
    square = _square_bytes if plan.calibration_windows else moments_bytes
    moments = sum(square(product.columns) for product in products if product.n_experts == 1)
    n_threads = n_threads or usable_threads()
    run = working_bytes(shape, window, n_threads)
    run += largest_layer_cache_bytes(shape, window, "f32")
    # While text runs, the layer's weights are there, and no pieces of the conversion are under way; then the moments
    # of one product after the other are factored, and its rows written.
    factored = max((_factored_bytes(product, plan, n_threads) for product in products), default=0)
    beside = _PROGRAM_BYTES + _LIBRARY_BYTES + text
    return beside + run + moments + max(weights + inputs - _PIECES_BYTES, kept + factored)


def calibration_disk_bytes(card: ModelCard, plan: Plan, *, n_windows: int = N_WINDOWS) -> int:
    """What a calibration takes of the disk beside the result, in Octavo's own cache folder and while it lasts.

    0 where the disk can not spare that; memory takes its place then.
    """
    return spared_bytes(_streams_bytes(card, n_windows), predicted_bytes(card, plan))


def _streams_bytes(card: ModelCard, n_windows: int) -> int:
    """All text before one layer, float32."""
    return 4 * n_windows * _window(card) * card.hyperparameters.n_embedding


def _input_columns(products: list[_Product], plan: Plan) -> int:
    """Of what goes into products in one window, where it waits for the layer's end, and of that which is counted."""
    columns = [product.columns for product in products]
    if _keeps_samples(plan):
        return 2 * sum(columns)
    ends = [
        each.columns
        for each in products
        if "_output." in each.matrices[0].name or "_down" in each.matrices[0].name
    ]
    return sum(ends) + max(columns, default=0)


def _held_bytes(matrix: TensorInfo, plan: Plan) -> int:
    """A matrix while text runs; where a search changes weights, they are float32."""
    has_16_bits = matrix.block_type.name in ("F16", "BF16")
    return (2 if has_16_bits and not _keeps_samples(plan) else 4) * matrix.n_weights


def _keeps_samples(plan: Plan) -> bool:
    """Whether a quantizer's own search runs samples through changed weights."""
    return bool(plan.calibration_windows) and not plan.search.feedback


def _square_bytes(columns: int) -> int:
    return 4 * columns**2


def _factored_bytes(product: _Product, plan: Plan, n_threads: int) -> int:
    """What making a product's encoder takes beside its moments, or searching its scale."""
    square = _square_bytes(product.columns)
    strips = 4 * min(n_threads * STRIP_ROWS, product.columns) * product.columns
    # Experts' moments are made one at a time; those of others become the shares.
    squares = square if product.n_experts > 1 else 0
    if not plan.calibration_windows:
        return squares + strips
    matrices = sum(4 * each.n_weights for each in product.matrices) // product.n_experts
    return squares + 2 * square + strips + int(matrices * (1 + _SEARCH_COPIES * plan.search.tried_rows))


def _kept_inputs(product: _Product, n_tokens: int, n_used: int) -> int:
    """Inputs of experts are kept, and become moments of each when its weights are rounded."""
    if product.n_experts == 1:
        return 0
    n_rows = n_tokens * n_used if "ffn_down" in product.matrices[0].name else n_tokens
    return 4 * n_rows * product.columns


def _window(card: ModelCard) -> int:
    return max(2, min(WINDOW_TOKENS, card.hyperparameters.context_length))


def _products(card: ModelCard) -> list[_Product]:
    """The places of the first layer where activations meet matrices."""
    shape = card.hyperparameters
    found: dict[str, list[TensorInfo]] = {}
    for each in card.tensors:
        if each.name.startswith("blk.0.") and each.is_matrix:
            found.setdefault(_input(each), []).append(each)
    used = shape.n_experts_used / shape.n_experts if shape.n_experts else 1.0
    return [_Product(tuple(each), used if each[0].is_expert else 1.0) for each in found.values()]


def _input(tensor: TensorInfo) -> str:
    for number, parts in enumerate(_SHARED_INPUTS):
        if any(part in tensor.name for part in parts) and "_inp" not in tensor.name:
            return str(number)
    return tensor.name
