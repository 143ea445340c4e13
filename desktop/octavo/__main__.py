"""``octavo`` and ``python -m octavo``: no command, or a model to open, brings the window.

``--worker`` is how a frozen program starts its engine. Nothing else is imported before
somebody listens for Ctrl-C.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NO_PLUGINS = "--no-plugins"
EXIT_STOPPED = 130


def main() -> int:
    """Open the window, or run the command named by the arguments; return the exit status."""
    import signal

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored, as under nohup
        # An exception in the middle of an import would escape, or be swallowed.
        signal.signal(signal.SIGINT, lambda number, frame: _leave())
    try:
        status = _run()
    except KeyboardInterrupt:
        status = EXIT_STOPPED
    if status == EXIT_STOPPED:
        _end_now()
    return status


def _end_now() -> None:
    """End without waiting for threads: one may run a plugin's code that does not end."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(EXIT_STOPPED)


def _leave() -> None:
    os.write(2, b"octavo: stopped.\n")
    os._exit(EXIT_STOPPED)


def _run() -> int:
    arguments = sys.argv[1:]
    if arguments[:1] == ["--worker"]:
        from octavo.worker.child import main as answer_requests

        return answer_requests(arguments[1:])
    models = models_to_open(arguments)
    if models is not None:
        return _open_window(models, safe_mode=is_safe_mode(arguments))
    from octavo.cli.main import run_command

    return run_command(arguments)


def is_safe_mode(arguments: Sequence[str]) -> bool:
    """Whether no plugin is to be loaded; the environment can say so where a start has no arguments."""
    said = os.environ.get("OCTAVO_NO_PLUGINS", "").lower()
    return NO_PLUGINS in arguments or said in ("1", "true", "t", "yes", "y", "on")


def models_to_open(arguments: Sequence[str]) -> list[str] | None:
    """The models that the window is to open with; None where a command is meant."""
    names = [each for each in arguments if each != NO_PLUGINS]
    return names if all(_is_model(each) for each in names) else None


def _is_model(name: str) -> bool:
    """Whether ``name`` is a model's place, or what another program calls it; a command's name is not."""
    from importlib.util import find_spec
    from pathlib import Path

    if name.startswith("-") or (name.isidentifier() and find_spec(f"octavo.cli.{name}") is not None):
        return False
    return Path(name).exists() or name.lower().endswith(".gguf") or any(each in name for each in "/:\\")


def _place_of(name: str) -> Path:
    """The absolute path of a model; of one that another program keeps under that name, too."""
    from pathlib import Path

    path = Path(name)
    if path.is_dir():  # the window looks for models in it
        return path.absolute()
    from octavo.cli.model_names import find_model

    return find_model(name).absolute()


def _open_window(names: Sequence[str], *, safe_mode: bool) -> int:
    import signal

    if callable(signal.getsignal(signal.SIGINT)):
        signal.signal(signal.SIGINT, signal.default_int_handler)
    wanted = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform == "linux" and not any(os.environ.get(each) for each in wanted):
        return _refuse("There is no display to open a window on. Use a command: octavo --help")
    from octavo.engine.errors import OctavoError
    from octavo.store.instance import InstanceLock, leave_call

    try:
        models = [_place_of(each) for each in names]
        lock = InstanceLock()
        if not lock.acquire():
            leave_call([str(each) for each in models])
            sys.stderr.write("octavo: Octavo is open already; its window was called to the front.\n")
            return 0
        from octavo.gui.main import run

        return run(sys.argv[:1], models, safe_mode=safe_mode)
    except OctavoError as error:
        return _refuse(str(error))
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{name}{error.strerror or error}.")


def _refuse(sentence: str) -> int:
    sys.stderr.write(f"octavo: {' '.join(sentence.split())}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
