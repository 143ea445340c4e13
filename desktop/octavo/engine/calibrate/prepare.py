"""What a conversion's kernels need before the first row: compiled at once, with progress, and in other processes.

The compiler would stay in this one's memory, 80 MB of it, for as long as the conversion runs.
"""

from __future__ import annotations

from typing import Any

from octavo.engine.blocks.encoders.ranges import encoder_entries
from octavo.engine.blocks.encoders.widen import widen_entries
from octavo.engine.calibrate.calibrate import why_not_best
from octavo.engine.calibrate.layer_run import compile_search
from octavo.engine.calibrate.layers import compile_calibration
from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.hardware.cores import usable_threads
from octavo.engine.progress import Work
from octavo.engine.quantize.quantizer import Quantizer
from octavo.engine.simd.compile_ahead import compile_ahead


def prepare_kernels(
    source: Checkpoint,
    quantizer: Quantizer,
    options: Any,  # an instance of the quantizer's own Options, or None
) -> Work[None]:
    """Compile what is not in the cache of all that encodes, and calibrates, as ``options`` ask.

    Raises
    ------
    OctavoError
        The options exclude each other, or the compiler gave up.
    """
    plan = quantizer.plan(source.tensors, options)
    changed = [each for each in source.tensors if plan.types[each.name] != each.block_type]
    if not changed:
        return
    has_importance = bool(getattr(options, "imatrix", "").strip())
    targets = {plan.types[each.name].name for each in changed}
    sources = {each.block_type.name for each in changed}
    encoders = [*encoder_entries(targets, weighted=has_importance), *widen_entries(sources)]
    yield from compile_ahead(encoders, usable_threads())
    has_experts = source.hyperparameters.n_experts > 0
    types = {each.block_type for each in source.tensors if each.is_matrix}
    if plan.calibration_windows:
        yield from compile_search(has_experts=has_experts, types=types)
    elif not has_importance and _may_calibrate(options) and not why_not_best(source.card, plan):
        yield from compile_calibration(has_experts=has_experts, types=types)


def _may_calibrate(options: Any) -> bool:
    is_compatible = getattr(options, "compatible", False)
    return getattr(options, "mode", "quick") in ("auto", "best") and not is_compatible
