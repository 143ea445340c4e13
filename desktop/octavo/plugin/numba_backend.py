"""Octavo's own backend, offered through the same hook as anybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from octavo.api import Checkpoint, ModelCard, Work
from octavo.engine.checkpoint.hyperparameters import ARCHITECTURES
from octavo.engine.kernels.layout import LAYOUTS

if TYPE_CHECKING:
    from octavo.engine.inference.session import Session


class NumbaBackend:
    """Runs models on the processor with kernels compiled for it."""

    name = "Numba"

    def can_run(self, card: ModelCard) -> bool:
        """Whether there is a family for the architecture and a kernel for every block type."""
        types = {each.block_type.name for each in card.tensors if each.is_matrix}
        return card.hyperparameters.architecture in ARCHITECTURES and types <= LAYOUTS.keys()

    def load(
        self, checkpoint: Checkpoint, *, context_tokens: int = 0, kv_type: str = "f16", n_threads: int = 0
    ) -> Work[Session]:
        """Compile the kernels that the model needs, and load its weights."""
        from octavo.engine.inference.session import load_session

        return load_session(checkpoint, context_tokens=context_tokens, kv_type=kv_type, n_threads=n_threads)
