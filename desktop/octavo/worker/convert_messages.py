"""The messages of ``protocol`` about conversions."""

from __future__ import annotations

from typing import Any

import msgspec

from octavo.worker.message import Message


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """One copy that is to be made of a model.

    Parameters
    ----------
    quantizer : str
    output : str
        Path of the file or folder that it becomes.
    options : dict
        Fields of the quantizer's ``Options``; a value may be given as text.
    """

    quantizer: str
    output: str
    options: dict[str, Any] = msgspec.field(default_factory=dict)  # of several types


class Convert(Message, frozen=True, kw_only=True):
    """Write copies of a model in one pass; ends with ``Done(result=list of ConvertReport as plain data)``.

    ``Forecasted`` comes before the first tensor. All copies come into being, or none. With ``proves`` source and
    copies are asked for some words afterwards, as far as memory allows. With ``allow_damaged``, weights that are no
    finite numbers become 0; else they end it with ``Failed(kind="damaged_weights")``.
    """

    path: str
    copies: list[Copy]
    force: bool = False
    proves: bool = True
    allow_damaged: bool = False


class ForecastConvert(Convert, frozen=True, kw_only=True):
    """What such a ``Convert`` would take; ends with ``Done(result=engine.convert.forecast.Forecast as plain data)``.

    Takes seconds the first time a quantizer is asked about: its encoders are compiled and timed.
    """


class Forecasted(Message, frozen=True, kw_only=True):
    """What a conversion that begins will take; the fields are those of ``engine.convert.forecast.Forecast``."""

    seconds: float
    calibration_seconds: float
    memory_bytes: int
