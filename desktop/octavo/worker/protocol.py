"""The messages between a front-end and the engine's child process.

Frames are a 4-byte little-endian length and that many bytes of JSON; both sides check sizes and types.
Each request carries an ``id``; every event about it carries the same one. A request ends with exactly
one ``Done`` or ``Failed``. ``Cancel`` names the request to stop; that request then ends with
``Failed(kind="cancelled")`` or, for ``Chat``, with a ``Replied`` whose finish is ``cancelled`` and ``Done``.
The child answers one request at a time, in the order of arrival; ``Cancel`` takes effect at once.
"""

from __future__ import annotations

import struct
from typing import Any, TypeAlias

import msgspec

from octavo.engine.measure.figures import Figures
from octavo.worker.chat_messages import Chat as Chat
from octavo.worker.chat_messages import CountTokens as CountTokens
from octavo.worker.chat_messages import ExportChats as ExportChats
from octavo.worker.chat_messages import ImportChats as ImportChats
from octavo.worker.chat_messages import Load as Load
from octavo.worker.chat_messages import LoadReport as LoadReport
from octavo.worker.chat_messages import Piece as Piece
from octavo.worker.chat_messages import Replied as Replied
from octavo.worker.chat_messages import TidyChats as TidyChats
from octavo.worker.chat_messages import TokenCount as TokenCount
from octavo.worker.compare_messages import Compare as Compare
from octavo.worker.compare_messages import ComparePiece as ComparePiece
from octavo.worker.convert_messages import Convert as Convert
from octavo.worker.convert_messages import Copy as Copy
from octavo.worker.convert_messages import ForecastConvert as ForecastConvert
from octavo.worker.convert_messages import Forecasted as Forecasted
from octavo.worker.message import Message as Message

PROTOCOL_VERSION = 2
MAX_FRAME_BYTES = 64 * 1024 * 1024
_LENGTH = struct.Struct("<I")


# Requests, front-end to child.
class Inspect(Message, frozen=True, kw_only=True):
    """Read a model's header; ends with ``Done(result=ModelCard as plain data)``."""

    path: str


class Measure(Message, frozen=True, kw_only=True):
    """How closely a model follows the one it is made from; ends with ``Done(result=Measurement as plain data)``.

    ``MeasureProgress`` on the way, from the second window of text on; before that ``Progressed`` of loading.

    Parameters
    ----------
    path : str
        The model.
    quantizer : str
        Measure what it would make of the model, which is then the reference; empty: measure the file as it is.
    options : dict
        Fields of the quantizer's ``Options``; a value may be given as text.
    reference : str
        What to compare with; empty: the model itself if there is a quantizer, else nothing.
    text : str
        Path of a text; empty for the one that comes with Octavo.
    tokens : int
        Tokens of the text to read; 0 for as many as the interval needs.
    """

    path: str
    quantizer: str = ""
    options: dict[str, Any] = msgspec.field(default_factory=dict)
    reference: str = ""
    text: str = ""
    tokens: int = 0


class ListModels(Message, frozen=True, kw_only=True):
    """Find the models on this computer; ends with ``Done(result=list of store.library.ModelEntry)``.

    The folders are those of the settings, as saved, and of other programs. No file is opened: those that were never
    inspected have a name and a size only.
    """


class MeasureBandwidth(Message, frozen=True, kw_only=True):
    """How fast this computer reads its memory; ends with ``Done(result={"bytes_per_second": float})``.

    Takes a quarter of a second the first time; then the answer is known on this computer.
    """

    n_threads: int = 0


class ProbeSpeed(Message, frozen=True, kw_only=True):
    """Time this computer's kernels, as far as it is not known yet, or all ``again``; takes some three seconds.

    Ends with ``Done(result=engine.estimate.speeds.Speeds as plain data)``, which is remembered too.

    Parameters
    ----------
    kinds : list of str
        Names of block types; those whose kernels are not compiled are left out, unless ``compiles``.
    only_known : bool
        Time nothing: tell what is known, or None.
    """

    kinds: list[str]
    only_known: bool = False
    n_threads: int = 0
    again: bool = False
    compiles: bool = False


class Warm(Message, frozen=True, kw_only=True):
    """Compile the kernels of all common models that are not compiled yet; no progress where all are."""


class Cancel(Message, frozen=True, kw_only=True):
    """Stop request ``target``."""

    target: int


class Unload(Message, frozen=True, kw_only=True):
    """Give the loaded model's memory back."""


# Events, child to front-end.
class Hello(Message, frozen=True, kw_only=True):
    """The first event of a child."""

    protocol: int
    version: str
    tier: str
    n_threads: int


class Progressed(Message, frozen=True, kw_only=True):
    """A ``Progress`` of the request, ten times a second at most; ``total`` 0 means unknown.

    ``stage`` is ``open``, ``compile``, ``load``, ``prefill``, ``convert`` or ``measure``.
    """

    stage: str
    done: int
    total: int
    label: str = ""
    step: int = 0
    n_steps: int = 0


class MeasureProgress(Message, frozen=True, kw_only=True):
    """What a measurement knows so far; ``done`` and ``total`` are the progress, in tokens read."""

    done: int
    total: int
    figures: Figures


class Done(Message, frozen=True, kw_only=True):
    """The request succeeded."""

    result: Any = None


class Failed(Message, frozen=True, kw_only=True):
    """The request failed.

    Parameters
    ----------
    kind : str
        The class name of the ``OctavoError`` in snake case (``unreadable_model``, ``not_enough_memory``), or
        ``cancelled``, ``os_error`` (disk full, no rights) or ``crash`` (a bug: ``details`` is its traceback).
    message, hint : str
        For people: one sentence, and the next step if there is one.
    """

    kind: str
    message: str
    hint: str = ""
    details: str = ""


Request: TypeAlias = (
    Inspect
    | Load
    | Chat
    | CountTokens
    | TidyChats
    | ImportChats
    | ExportChats
    | Convert
    | ForecastConvert
    | Measure
    | Compare
    | ListModels
    | MeasureBandwidth
    | ProbeSpeed
    | Warm
    | Cancel
    | Unload
)
Event: TypeAlias = (
    Hello | Progressed | Forecasted | Piece | Replied | MeasureProgress | ComparePiece | Done | Failed
)

_REQUEST: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_EVENT: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_ENCODER = msgspec.json.Encoder()


def frame(message: Message) -> bytes:
    """One message as it goes over the pipe."""
    body = _ENCODER.encode(message)
    if len(body) > MAX_FRAME_BYTES:
        raise ValueError("the message is too long for the pipe")
    return _LENGTH.pack(len(body)) + body


class FrameReader:
    """Cuts a byte stream into frames: feed it what arrived, take what is whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes; return the bodies of all frames that are complete. Raises ValueError on a mad length."""
        self._buffer += data
        bodies = []
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > MAX_FRAME_BYTES:
                raise ValueError("a frame of the engine is too long")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                break
            bodies.append(bytes(self._buffer[_LENGTH.size : end]))
            del self._buffer[:end]
        return bodies


def decode_request(body: bytes) -> Request:
    """A request from its frame's body; raises ``msgspec.DecodeError`` if it is none."""
    return _REQUEST.decode(body)


def decode_event(body: bytes) -> Event:
    """An event from its frame's body; raises ``msgspec.DecodeError`` if it is none."""
    return _EVENT.decode(body)
