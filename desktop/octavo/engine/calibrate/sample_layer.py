"""A llama of one middling layer, whose weights are noise: to time a layer without any model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.model import Hyperparameters, TensorInfo

_WIDTH, _FEED_FORWARD, _HEADS, _KV_HEADS = 768, 2048, 12, 4
_VOCABULARY, _CONTEXT = 512, 512
_HEAD_SIZE = _WIDTH // _HEADS
_MATRICES = {
    "attn_q": (_WIDTH, _WIDTH),
    "attn_k": (_KV_HEADS * _HEAD_SIZE, _WIDTH),
    "attn_v": (_KV_HEADS * _HEAD_SIZE, _WIDTH),
    "attn_output": (_WIDTH, _WIDTH),
    "ffn_gate": (_FEED_FORWARD, _WIDTH),
    "ffn_up": (_FEED_FORWARD, _WIDTH),
    "ffn_down": (_WIDTH, _FEED_FORWARD),
}


class SampleLayer:
    """What ``LayeredModel`` asks of a checkpoint."""

    def __init__(self) -> None:
        self.hyperparameters = Hyperparameters(
            architecture="llama",
            n_layers=1,
            n_embedding=_WIDTH,
            n_feed_forward=(_FEED_FORWARD,),
            n_heads=(_HEADS,),
            n_kv_heads=(_KV_HEADS,),
            key_size=_HEAD_SIZE,
            value_size=_HEAD_SIZE,
            context_length=_CONTEXT,
            n_vocabulary=_VOCABULARY,
            norm_epsilon=1e-5,
            rope_dimensions=_HEAD_SIZE,
        )
        shapes: dict[str, tuple[int, ...]] = {
            "token_embd": (_VOCABULARY, _WIDTH),
            "output_norm": (_WIDTH,),
            "blk.0.attn_norm": (_WIDTH,),
            "blk.0.ffn_norm": (_WIDTH,),
            **{f"blk.0.{name}": shape for name, shape in _MATRICES.items()},
        }
        self.tensors: Sequence[TensorInfo] = [
            TensorInfo(f"{name}.weight", shape, block_type("F32")) for name, shape in shapes.items()
        ]
        # Small, as weights are: large ones would make attention all or nothing, which takes another time.
        self._noise = np.random.default_rng(0).normal(0, 0.02, 1 << 16).astype(np.float32)

    @property
    def n_weights(self) -> int:
        """Weights of the layer's matrices."""
        return sum(rows * columns for rows, columns in _MATRICES.values())

    def tensor(self, name: str) -> TensorInfo | None:
        """The tensor of that name, or None."""
        return next((each for each in self.tensors if each.name == name), None)

    def read(self, name: str, first_row: int = 0, n_rows: int | None = None) -> npt.NDArray[np.uint8]:
        """Rows of noise."""
        tensor = self.tensor(name)
        assert tensor is not None  # asked for by its own program
        rows = tensor.rows - first_row if n_rows is None else n_rows
        return np.resize(self._noise, (rows, tensor.columns)).view(np.uint8)
