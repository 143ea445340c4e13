"""A request for copies of a model as the engine takes it."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from octavo.engine.errors import OctavoError
from octavo.engine.progress import Progress
from octavo.worker.convert_messages import Convert, ForecastConvert, Forecasted

if TYPE_CHECKING:
    from octavo.engine.checkpoint.model import Checkpoint
    from octavo.engine.convert.forecast import Forecast
    from octavo.engine.convert.report import ConvertReport
    from octavo.plugin.host import PluginHost


def converted(
    request: Convert, host: PluginHost
) -> Generator[Progress | Forecasted, None, list[ConvertReport] | Forecast]:
    """Make all copies in one pass over the source, or only say what that would take."""
    from octavo.engine.calibrate.prepare import prepare_kernels
    from octavo.engine.checkpoint.open import open_checkpoint
    from octavo.engine.convert.choose import chosen_output
    from octavo.engine.convert.convert import convert_all
    from octavo.engine.convert.forecast import forecast
    from octavo.engine.convert.target import check_target
    from octavo.engine.quantize.options import build_options

    is_forecast = isinstance(request, ForecastConvert)
    quantizers = [host.quantizer(each.quantizer) for each in request.copies]
    options = [build_options(*each) for each in zip(quantizers, _options(request), strict=True)]
    targets = [Path(each.output) for each in request.copies]
    yield Progress(0, 0, "opening the model")
    with contextlib.closing(open_checkpoint(Path(request.path))) as source:
        for target in targets:
            check_target(target, source.files(), force=is_forecast or request.force)
        wishes = []
        for each in zip(quantizers, options, targets, strict=True):
            # The first time its kernels are compiled and timed, which takes many seconds.
            yield Progress(0, 0, f"preparing {each[0].name} for this processor")
            yield from prepare_kernels(source, *each[:2])
            wishes.append(
                chosen_output(source, *each, only_forecast=is_forecast, goes_on=request.allow_damaged)
            )
        yield Progress(0, 0, "working out what it takes")
        expected = forecast(source, wishes)
        if is_forecast:
            return expected
        yield Forecasted(
            seconds=expected.seconds,
            calibration_seconds=expected.calibration_seconds,
            memory_bytes=expected.memory_bytes,
        )
        with _lost_disk_told(source):
            return (
                yield from convert_all(
                    source,
                    wishes,
                    force=request.force,
                    proves=request.proves,
                    goes_on=request.allow_damaged,
                )
            )


@contextlib.contextmanager
def _lost_disk_told(source: Checkpoint) -> Iterator[None]:
    """An error of the system is told as that of the source, where the source has gone."""
    try:
        yield
    except OSError as error:
        if _is_readable(source):
            raise
        raise OctavoError(
            f"{source.path.name} cannot be read any more.",
            "Is its disk still connected? Try again when it is.",
        ) from error


def _is_readable(source: Checkpoint) -> bool:
    """Whether all files of a model are still there."""
    try:
        for each in source.files():
            with each.open("rb") as file:
                file.read(1)
    except OSError:
        return False
    return True


def _options(request: Convert) -> list[dict[str, object]]:
    return [each.options for each in request.copies]
