"""How far a conversion is in time: bytes written where that is all there is to do, else seconds that were foretold.

A calibration spends most of its time before a layer's first byte, and a vocabulary may be half of the bytes and no
part of that time. So every tensor is given what finding out about it and writing it take.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.convert.output import OutputFile
from octavo.engine.progress import Progress
from octavo.engine.quantize.tensor_roles import layer_number


class WorkShare:
    """Adds up what is done of all files.

    Parameters
    ----------
    files : sequence of OutputFile
        Begun, so that it is known what a killed conversion left.
    writing : sequence of mapping of str to float
        For each file, the seconds that decoding, encoding and writing take by the tensor's name.
    """

    def __init__(self, files: Sequence[OutputFile], writing: Sequence[Mapping[str, float]]) -> None:
        self._total_bytes = sum(each.data_bytes for each in files)
        self._is_timed = any(each.wish.calibration_seconds for each in files)
        self._finding: dict[int, list[float]] = {}
        self._writing: dict[int, list[float]] = {}
        self._done = self._amid = 0.0
        for file, seconds in zip(files, writing, strict=True):
            finding, rounding = _calibration(file) if self._is_timed else ({}, {})
            self._finding[id(file)] = [finding.get(each.name, 0.0) for each in file.planned]
            self._writing[id(file)] = [
                seconds[each.name] + rounding.get(each.name, 0.0) if self._is_timed else float(each.n_bytes)
                for each in file.planned
            ]
            for costs in (self._finding[id(file)], self._writing[id(file)]):
                self._done += sum(costs[: file.n_resumed])
        self._total = sum(sum(each) for costs in (self._finding, self._writing) for each in costs.values())

    def amid_finding(self, file: OutputFile, index: int, step: Progress) -> None:
        """A tensor's calibration is under way."""
        share = step.done / step.total if step.total else 0.0
        self._amid = max(self._amid, self._left_to_find(file, index) * share)

    def found(self, file: OutputFile, index: int) -> None:
        """A tensor's calibration is over."""
        self._done += self._left_to_find(file, index)
        self._amid = 0.0

    def wrote(self, file: OutputFile, index: int, n_bytes: int) -> None:
        """Rows of a tensor are written."""
        self._done += self._writing[id(file)][index] * n_bytes / file.planned[index].n_bytes

    def progress(self, planned: Sequence[TensorInfo], index: int, label: str = "") -> Progress:
        """How far all files are together; of as many units as there are bytes."""
        share = (self._done + self._amid) / self._total if self._total else 1.0
        done = min(round(share * self._total_bytes), self._total_bytes)
        return Progress(done, self._total_bytes, label or planned[index].name, index + 1, len(planned))

    def _left_to_find(self, file: OutputFile, index: int) -> float:
        """What was there already was counted at the beginning."""
        return self._finding[id(file)][index] if index >= file.n_resumed else 0.0


def _calibration(file: OutputFile) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds to find out about each layer, at its first tensor, and to round each of its matrices."""
    layers: defaultdict[int, list[TensorInfo]] = defaultdict(list)
    for each in file.planned:
        if layer_number(each.name) >= 0:
            layers[layer_number(each.name)].append(each)
    matrices = [each for layer in layers.values() for each in layer if each.is_matrix]
    n_weights = sum(each.n_weights for each in matrices)
    wish = file.wish
    finding = (wish.calibration_seconds - wish.rounding_seconds) / max(len(layers), 1)
    return (
        {layer[0].name: finding for layer in layers.values()},
        {each.name: wish.rounding_seconds * each.n_weights / n_weights for each in matrices},
    )
