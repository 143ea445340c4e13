"""The child's loop: one request at a time, every failure a message, and on to the next."""

from __future__ import annotations

import re
import traceback
from collections.abc import Sequence

from octavo import __version__
from octavo.engine.errors import OctavoError
from octavo.engine.stop import Stop
from octavo.worker.engine_desk import EngineDesk, Stopped
from octavo.worker.inbox import Inbox
from octavo.worker.outbox import Outbox
from octavo.worker.parent import Parent
from octavo.worker.process import behave, private_pipes
from octavo.worker.protocol import PROTOCOL_VERSION, Done, Failed, Hello, Request

TRY_PLUGIN = "--try-plugin"


def main(arguments: Sequence[str] = ()) -> int:
    """Answer requests on standard input until it ends; return the exit status.

    Parameters
    ----------
    arguments : sequence of str
        ``--no-plugins``: safe mode. ``--shipped-plugins``: none of others. ``--background``: leave the
        processor to others. ``--try-plugin NAME``: try that plugin, and end.
    """
    if arguments[:1] == [TRY_PLUGIN]:
        from octavo.worker.plugin_trial import try_plugin

        return try_plugin(arguments[1])
    incoming, outgoing = private_pipes()
    parent = Parent()
    behave(in_background="--background" in arguments, told_to_end=parent.told_to_end)
    outbox = Outbox(outgoing, parent.leave_if_orphaned)

    def complain(sentence: str) -> None:
        outbox.send(Failed(kind="crash", message=sentence))

    inbox = Inbox(incoming, complain, parent.pipe_ended)
    desk = EngineDesk(
        outbox,
        safe_mode="--no-plugins" in arguments,
        only_shipped="--shipped-plugins" in arguments,
    )
    try:
        outbox.send(_hello())
        inbox.start()
        while (task := inbox.next()) is not None:
            request, stop = task
            parent.works_on(request)
            _tell(outbox, _answer(desk, request, stop))
            parent.works_on(None)
            inbox.finished(request)
    except BrokenPipeError:  # the parent has gone while we spoke
        return 1
    finally:
        desk.close()
    return 0


def _hello() -> Hello:
    from octavo.engine.hardware.cores import usable_threads
    from octavo.engine.simd.tier import active_tier

    return Hello(
        protocol=PROTOCOL_VERSION, version=__version__, tier=active_tier().name, n_threads=usable_threads()
    )


def _tell(outbox: Outbox, event: Done | Failed) -> None:
    """Send the event that ends a request, or that it cannot be said: half a character in it, or too long."""
    try:
        outbox.send(event)
    except ValueError as error:
        outbox.send(_crash(event.id, error))


def _answer(desk: EngineDesk, request: Request, stop: Stop) -> Done | Failed:
    """The event that ends a request."""
    try:
        return Done(id=request.id, result=desk.answer(request, stop))
    except Stopped:
        return Failed(id=request.id, kind="cancelled", message="Stopped.")
    except OctavoError as error:
        return Failed(id=request.id, kind=kind_of(error), message=error.message, hint=error.hint)
    except MemoryError:
        sentence = "There is not enough memory for this."
        return Failed(
            id=request.id, kind="not_enough_memory", message=sentence, details=traceback.format_exc()
        )
    except BrokenPipeError:
        raise
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        sentence = f"{name}{error.strerror or error}."
        return Failed(id=request.id, kind="os_error", message=sentence, details=traceback.format_exc())
    except Exception as error:  # a bug, handed on with all that is known of it
        return _crash(request.id, error)


def _crash(number: int, error: Exception) -> Failed:
    sentence = f"Something went wrong in the engine ({type(error).__name__})."
    details = "".join(traceback.format_exception(error)).encode("utf-8", "backslashreplace").decode()
    return Failed(id=number, kind="crash", message=sentence, details=details)


def kind_of(error: OctavoError) -> str:
    """``not_enough_memory`` for ``NotEnoughMemory``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
