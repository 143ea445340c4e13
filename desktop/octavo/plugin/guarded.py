"""A plugin's quantizer behind a guard: its mistakes become `PluginFailed`, never wrong bytes."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from octavo.api import (
    BlockType,
    CalibratedQuantizer,
    Calibration,
    Checkpoint,
    OctavoError,
    Plan,
    Quantizer,
    TensorInfo,
)
from octavo.engine.blocks.types import block_type_of_id
from octavo.engine.errors import PluginFailed
from octavo.plugin.guard import failure, guarded
from octavo.plugin.guarded_calibration import GuardedCalibration, checked_rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# A sentence for people, and the user's own wish to stop; everything else is the plugin's failure.
_PASSED_ON = (OctavoError, KeyboardInterrupt)
# The window waits for the plans of all plugins; one that takes longer is not asked again.
SECONDS_TO_PLAN = 3.0


class GuardedQuantizer:
    """Asks the plugin's quantizer and checks each answer; a `Quantizer` itself.

    Parameters
    ----------
    is_strange : bool
        Whether it did not come with Octavo: then its plans are watched, and its bytes looked into.
    """

    def __init__(
        self, plugin: str, quantizer: Quantizer, version: str = "", *, is_strange: bool = False
    ) -> None:
        self.plugin = plugin
        self.version = version
        self.is_strange = is_strange
        self._given_up: PluginFailed | None = None
        self._quantizer = quantizer
        self.name = quantizer.name
        self.summary = quantizer.summary
        self.format = quantizer.format
        self.Options = getattr(quantizer, "Options", None)

    def plan(self, tensors: Sequence[TensorInfo], options: Any) -> Plan:  # of the plugin's own Options
        """The plugin's plan, with every tensor in it and every row a whole number of blocks."""
        plan = self._watched_plan(tensors, options) if self.is_strange else self._plan(tensors, options)
        mistake = _mistake(plan, tensors)
        if not mistake and plan.calibration_windows and not isinstance(self._quantizer, CalibratedQuantizer):
            mistake = "asks for a calibration, which it has not"
        if mistake:
            raise PluginFailed(self.plugin, f"{self.plugin}: its plan for {self.name} {mistake}.")
        return dataclasses.replace(plan, compatible=True) if getattr(options, "compatible", False) else plan

    def _plan(self, tensors: Sequence[TensorInfo], options: Any) -> Plan:  # as above
        try:
            with contextlib.redirect_stdout(sys.stderr):
                return self._quantizer.plan(tensors, options)
        except _PASSED_ON:
            raise
        except BaseException as error:
            raise failure(self.plugin, f"planning {self.name}", error) from error

    def _watched_plan(self, tensors: Sequence[TensorInfo], options: Any) -> Plan:  # as above
        """The plan, if it comes in time; one that did not come is not asked for again."""
        if self._given_up is not None:
            raise self._given_up
        try:
            return guarded(
                self.plugin,
                f"planning {self.name}",
                lambda: self._quantizer.plan(tensors, options),
                SECONDS_TO_PLAN,
            )
        except PluginFailed as failed:
            if failed.__cause__ is None:  # it did not end
                self._given_up = failed
            if isinstance(failed.__cause__, OctavoError):
                raise failed.__cause__ from None
            raise

    def encode(
        self,
        weights: npt.NDArray[np.float32],
        block_type: BlockType,
        importance: npt.NDArray[np.float32] | None,
    ) -> npt.NDArray[np.uint8]:
        """The plugin's bytes, of the shape that the block type demands."""
        try:
            blocks = self._quantizer.encode(weights, block_type, importance)
        except _PASSED_ON:
            raise
        except BaseException as error:
            raise failure(self.plugin, f"encoding {block_type.name}", error) from error
        return checked_rows(blocks, weights, block_type, self.plugin, self.name, is_strange=self.is_strange)


class GuardedCalibratedQuantizer(GuardedQuantizer):
    """The same for a `CalibratedQuantizer`."""

    def __init__(
        self,
        plugin: str,
        quantizer: CalibratedQuantizer,
        version: str = "",
        *,
        is_strange: bool = False,
    ) -> None:
        super().__init__(plugin, quantizer, version, is_strange=is_strange)
        self._calibrated = quantizer

    def calibration(self, source: Checkpoint, plan: Plan, options: Any, n_threads: int) -> Calibration:
        """The plugin's calibration, each of whose answers is checked too."""
        try:
            with contextlib.redirect_stdout(sys.stderr):
                found = self._calibrated.calibration(source, plan, options, n_threads)
        except _PASSED_ON:
            raise
        except BaseException as error:
            raise failure(self.plugin, f"calibrating {self.name}", error) from error
        return GuardedCalibration(self.plugin, self.name, found, is_strange=self.is_strange)


def checked_quantizer(
    plugin: str, candidate: object, version: str = "", *, is_strange: bool = False
) -> GuardedQuantizer:
    """``candidate`` behind its guard, as in `GuardedQuantizer`; raises `PluginFailed` where it breaks the contract."""

    def refuse(reason: str) -> PluginFailed:
        return PluginFailed(plugin, f"{plugin}: {type(candidate).__name__} is no quantizer: {reason}.")

    for attribute in ("name", "summary", "format"):
        value = getattr(candidate, attribute, None)
        if not isinstance(value, str) or not value.strip() or len(value) > 300:
            raise refuse(f"{attribute} is no text")
    for method in ("plan", "encode"):
        if not callable(getattr(candidate, method, None)):
            raise refuse(f"it has no method {method}")
    options = getattr(candidate, "Options", None)
    if options is not None and not (isinstance(options, type) and dataclasses.is_dataclass(options)):
        raise refuse("Options is no dataclass")
    if options is not None:
        try:
            options()
        except Exception as error:
            raise refuse("Options cannot be made without values") from error
    if isinstance(candidate, CalibratedQuantizer):
        return GuardedCalibratedQuantizer(plugin, candidate, version, is_strange=is_strange)
    return GuardedQuantizer(plugin, candidate, version, is_strange=is_strange)  # type: ignore[arg-type]  # checked just above


def _mistake(plan: object, tensors: Sequence[TensorInfo]) -> str:
    if not isinstance(plan, Plan):
        return "is no Plan"
    names = {each.name for each in tensors}
    if set(plan.types) != names:
        odd = min(set(plan.types) ^ names)
        return f"does not match the model's tensors ({odd})"
    # Few types, many tensors: the window asks for the plans of all plugins at every key that is pressed.
    kinds = {id(each): each for each in plan.types.values()}
    unknown = {number for number, each in kinds.items() if not _is_known(each)}
    for tensor in tensors:
        block_type = plan.types[tensor.name]
        if id(block_type) in unknown:
            return f"has an unknown type for {tensor.name}"
        if tensor.columns % block_type.n_weights:
            return f"gives {tensor.name} the type {block_type.name}, which its rows do not fit"
    return ""


def _is_known(block_type: object) -> bool:
    return isinstance(block_type, BlockType) and block_type_of_id(block_type.ggml_id) == block_type
