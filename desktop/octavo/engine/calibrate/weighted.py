"""A conversion with an importance matrix, as ``llama-quantize --imatrix`` does it: the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.types import BlockType
from octavo.engine.calibrate.expert_encoder import ExpertEncoder
from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.errors import OctavoError
from octavo.engine.progress import Work
from octavo.engine.quantize.calibration import RowEncoder
from octavo.engine.quantize.quantizer import Quantizer
from octavo.engine.quantize.recode import plain_encoder

Floats = npt.NDArray[np.float32]


class WeightedCalibration:
    """Encodes each matrix with the importance of its columns; without, where the matrix is not in the file.

    Parameters
    ----------
    quantizer : Quantizer
    importance : mapping of str to float32[experts, columns]
    tensors : sequence of TensorInfo
        The model's.

    Raises
    ------
    OctavoError
        The importance matrix was made for another model.
    """

    is_stateless = True

    def __init__(
        self, quantizer: Quantizer, importance: Mapping[str, Floats], tensors: Sequence[TensorInfo]
    ) -> None:
        self._quantizer = quantizer
        self._importance = importance
        known = [each for each in tensors if each.name in importance]
        misfits = [each for each in known if importance[each.name].shape != _shape(each)]
        if not known or misfits:
            raise OctavoError(
                "The importance matrix was made for another model.",
                f"It does not fit {misfits[0].name}." if misfits else "None of its names is in this model.",
            )

    def encoder(self, tensor: TensorInfo, to: BlockType) -> Work[RowEncoder]:
        """The quantizer with what the file says about the tensor."""
        yield from ()
        importance = self._importance.get(tensor.name)
        if importance is None or to.is_float:
            return plain_encoder(self._quantizer, to)

        def of_expert(expert: int) -> RowEncoder:
            return lambda weights, _: self._quantizer.encode(weights, to, importance[expert])

        return ExpertEncoder(tensor.rows // len(importance), of_expert, n_kept=len(importance))

    def close(self) -> None:
        """Nothing is held."""


def _shape(tensor: TensorInfo) -> tuple[int, int]:
    experts = tensor.shape[0] if len(tensor.shape) == 3 else 1
    return experts, tensor.columns
