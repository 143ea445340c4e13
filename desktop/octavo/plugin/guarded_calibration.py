"""A plugin's calibration behind a guard: what fails is told with the plugin's name, and no wrong bytes pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from octavo.api import BlockType, Calibration, OctavoError, RowEncoder, TensorInfo, Work
from octavo.engine.errors import PluginFailed
from octavo.plugin.guard import failure

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# A sentence for people, the user's own wish to stop, and the end of a work that is cancelled.
_PASSED_ON = (OctavoError, KeyboardInterrupt, GeneratorExit)
# Of these, every block type holds finite numbers.
LARGEST_WEIGHT = 32000


class GuardedCalibration:
    """Asks the plugin's calibration and checks each answer; a `Calibration` itself."""

    def __init__(
        self, plugin: str, quantizer: str, calibration: Calibration, *, is_strange: bool = False
    ) -> None:
        self._plugin, self._name, self._is_strange = plugin, quantizer, is_strange
        self._calibration = calibration
        self.is_stateless = getattr(calibration, "is_stateless", False) is True

    def encoder(self, tensor: TensorInfo, to: BlockType) -> Work[RowEncoder]:
        """The plugin's encoder, whose rows have the shape that the block type demands."""
        try:
            encode = yield from self._calibration.encoder(tensor, to)
        except _PASSED_ON:
            raise
        except BaseException as error:
            raise failure(self._plugin, f"calibrating {tensor.name}", error) from error

        def checked(weights: npt.NDArray[np.float32], first: int) -> npt.NDArray[np.uint8]:
            try:
                rows = encode(weights, first)
            except _PASSED_ON:
                raise
            except BaseException as error:
                raise failure(self._plugin, f"encoding {tensor.name}", error) from error
            return checked_rows(rows, weights, to, self._plugin, self._name, is_strange=self._is_strange)

        return checked

    @property
    def notes(self) -> list[str]:
        """What the plugin has to say in the end; sentences only."""
        found = getattr(self._calibration, "notes", [])
        return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []

    def close(self) -> None:
        """Close the plugin's."""
        try:
            self._calibration.close()
        except _PASSED_ON:
            raise
        except BaseException as error:
            raise failure(self._plugin, f"ending the calibration of {self._name}", error) from error


def checked_rows(
    rows: npt.NDArray[np.uint8],
    weights: npt.NDArray[np.float32],
    block_type: BlockType,
    plugin: str,
    quantizer: str,
    *,
    is_strange: bool = False,
) -> npt.NDArray[np.uint8]:
    """``rows``, if they are what the block type demands for the weights; else raises `PluginFailed`.

    What came with Octavo is tested, and not looked into here: that would take a tenth of the time of Q8_0.
    """
    shape = (weights.shape[0], block_type.row_bytes(weights.shape[1]))
    if getattr(rows, "shape", None) != shape or str(getattr(rows, "dtype", "")) != "uint8":
        raise PluginFailed(
            plugin, f"{plugin}: {quantizer} did not return uint8{list(shape)} for {block_type.name}."
        )
    if is_strange:
        from octavo.engine.blocks.finite import has_non_finite_scale

        # Where the weights are that large, the conversion itself finds it, and says so.
        if has_non_finite_scale(rows, block_type) and abs(weights).max() <= LARGEST_WEIGHT:
            raise PluginFailed(
                plugin, f"{plugin}: {quantizer} gave {block_type.name} numbers that are not finite."
            )
    return rows
