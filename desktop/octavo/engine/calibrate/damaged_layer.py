"""A layer that computes no finite numbers is damaged: the tensor is named, before anything is searched with it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from octavo.engine.errors import DamagedWeights, OctavoError
from octavo.engine.inference.layered import LayeredModel
from octavo.engine.quantize.damage import WAY_OUT


def require_finite(model: LayeredModel, layer: int, hidden: npt.NDArray[np.float32]) -> None:
    """Refuse a residual stream behind ``layer`` that is not finite.

    Raises
    ------
    DamagedWeights
        One of its matrices holds weights that are no finite numbers; the tensor is named.
    OctavoError
        None does.
    """
    if np.isfinite(hidden).all():
        return
    names = [name for product in model.products(layer) for name in product.tensors]
    spoilt = [name for name in names if not np.isfinite(model.read(name)).all()]
    if spoilt:
        raise DamagedWeights(
            f"The tensor {spoilt[0]} holds weights that are no finite numbers, so no text can run through the model.",
            WAY_OUT,
        )
    raise OctavoError(
        f"Layer {layer} computes results that are no finite numbers, so no text can run through the model.",
        "It is damaged: download it again, or convert it without calibration.",
    )
