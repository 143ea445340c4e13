"""AWQ: 4 bits that look at what goes through the model before they are rounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from octavo.api import (
    BlockType,
    Calibration,
    Checkpoint,
    Mixture,
    OctavoError,
    Plan,
    Search,
    TensorInfo,
    Upgrade,
    block_type,
    encode,
    file_order,
    hookimpl,
    int4_blocks,
    layer_number,
    may_shrink,
    more_bits,
    plan_mixture,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from octavo_awq.groups import Groups

api_version = 1

GROUPS = (128, 64, 32)
# The usual Q4_K_M: the same types as without AWQ, so no byte more.
_MIXTURE = Mixture(
    file_type=15,
    base="Q4_K",
    output="Q6_K",
    upgrades=(Upgrade("attention_v", "Q6_K", more_bits), Upgrade("ffn_down", "Q6_K", more_bits)),
    output_of_8_experts="Q5_K",
)
# For the forecast: windows of text that run through each layer, what the paper's search for scales is worth in them,
# and how many scales are tried where errors are fed back, on a quarter of the rows.
_WINDOWS, _SCALES_OF_PAPER, _TRIALS = 32, 50, 5


@dataclass(frozen=True)
class AwqOptions:
    """What people may choose.

    Parameters
    ----------
    output : str
        A folder as AutoAWQ writes it, one of compressed-tensors, or a GGUF with the scales folded in.
    text : str
        Path of the calibration text; empty for the one that comes with Octavo.
    scales, clips : bool
        Whether the two searches are made.
    feedback : bool
        Whether weights make up for each other's errors; without all three, each is rounded to the nearest.
    """

    output: Literal["folder", "compressed-tensors", "gguf"] = field(
        default="folder",
        metadata={
            "label": "Output",
            "help": "A folder as AutoAWQ writes it for vLLM and SGLang, one of compressed-tensors for transformers, "
            "or a GGUF in Q4_K_M for llama.cpp.",
        },
    )
    text: str = field(
        default="",
        metadata={
            "label": "Calibration text",
            "help": "A text file like what the model will be used for. "
            "Without one, the text that comes with Octavo is taken.",
            "holds": "path",
        },
    )
    scales: bool = field(
        default=True,
        metadata={
            "label": "Search scales",
            "help": "Make the columns that matter larger before they are rounded.",
        },
    )
    clips: bool = field(
        default=True,
        metadata={"label": "Search limits", "help": "Cut off extreme weights where the others gain by it."},
    )
    feedback: bool = field(
        default=True,
        metadata={
            "label": "Correct errors",
            "help": "Round each weight so that it makes up for the errors of the others: "
            "far closer to the original, in the same file layout.",
        },
    )


class Awq:
    """Groups of 4 bits, or Q4_K_M, after a search for scales."""

    name = "AWQ"
    summary = "Folders of 4 bits for vLLM and transformers, or a better Q4_K_M."
    format = "gguf"
    Options: type | None = AwqOptions

    def plan(self, tensors: Sequence[TensorInfo], options: AwqOptions | None = None) -> Plan:
        """Matrices of layers in 4 bits; in folders all else is F16."""
        options = options or AwqOptions()
        windows = _WINDOWS
        n_trials = _TRIALS if options.scales and options.feedback else 0
        search = Search(
            n_trials, group=0 if options.output != "gguf" else GROUPS[-1], feedback=options.feedback
        )
        if options.scales and not options.feedback:
            windows += _SCALES_OF_PAPER
        elif not (options.clips or options.feedback):
            windows = 1  # nothing is searched
        if options.output == "gguf":
            mixed = plan_mixture(tensors, _MIXTURE)
            return Plan(
                mixed.types,
                mixed.file_type,
                mixed.fallbacks,
                calibration_windows=windows,
                search=search,
            )
        group = _group(tensors)
        is_awq = options.output == "folder"
        packed = block_type(f"INT4_G{group}" if is_awq else "Q4_0")
        return Plan(
            {each.name: _type(each, packed) for each in file_order(tensors)},
            layout="awq" if is_awq else "compressed-tensors",
            group=group,
            calibration_windows=windows,
            search=search,
        )

    def calibration(
        self, source: Checkpoint, plan: Plan, options: AwqOptions | None, n_threads: int = 0
    ) -> Calibration:
        """The search, made as the conversion goes from layer to layer."""
        from octavo_awq.calibration import AwqCalibration

        return AwqCalibration(
            source,
            options or AwqOptions(),
            plan.group or GROUPS[-1],
            symmetric=plan.layout == "compressed-tensors",
            pack=_packed if plan.layout else None,
            n_threads=n_threads,
        )

    def encode(
        self,
        weights: npt.NDArray[np.float32],
        block_type: BlockType,
        importance: npt.NDArray[np.float32] | None = None,
    ) -> npt.NDArray[np.uint8]:
        """Round rows that no calibration knows anything about."""
        if block_type.name.startswith("INT4_"):
            from octavo_awq.groups import round_groups

            return _packed(round_groups(weights, block_type.n_weights, symmetric=False), block_type)
        return encode(weights, block_type, importance)


def _packed(found: Groups, to: BlockType) -> npt.NDArray[np.uint8]:
    """Rows of blocks; groups around zero become Q4_0 blocks that repeat the group's scale."""
    import numpy as np

    if to.name != "Q4_0":
        return int4_blocks(found.q, found.scales, found.zeros)
    rows, columns = found.q.shape
    repeated = np.repeat(found.scales, columns // 32 // found.scales.shape[1], axis=1)
    halves = found.q.reshape(rows, -1, 2, 16)
    blocks = np.empty((*repeated.shape, 18), np.uint8)
    blocks[..., :2] = repeated[..., None].view(np.uint8)
    blocks[..., 2:] = halves[:, :, 0] | halves[:, :, 1] << 4
    return blocks.reshape(rows, -1)


def _group(tensors: Sequence[TensorInfo]) -> int:
    """The largest group that divides all rows."""
    matrices = [each for each in tensors if _is_packed(each)]
    for each in matrices:
        if each.shape[-2] % 8 or each.columns % GROUPS[-1]:
            raise OctavoError(
                f"{each.name} has no whole number of groups of 32 weights, so AWQ cannot hold it."
            )
    return next(size for size in GROUPS if all(each.columns % size == 0 for each in matrices))


def _is_packed(tensor: TensorInfo) -> bool:
    return may_shrink(tensor) and layer_number(tensor.name) >= 0


def _type(tensor: TensorInfo, packed: BlockType) -> BlockType:
    if _is_packed(tensor):
        return packed
    # Routers are read as F32, although folders hold them in 16 bits.
    is_16_bit = tensor.is_matrix and "ffn_gate_inp" not in tensor.name
    return block_type("F16" if is_16_bit else "F32")


@hookimpl
def quantizers() -> list[Awq]:
    """Add the one method of this plugin."""
    return [Awq()]
