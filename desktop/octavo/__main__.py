"""``octavo`` and ``python -m octavo``: no command opens the window; ``--worker`` is the engine's child."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Open the window, or run the command named by the arguments; return the exit status."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--worker"]:  # how a frozen program starts its engine
        from octavo.worker.child import main as answer_requests

        return answer_requests(arguments[1:])
    if not arguments or arguments == ["--no-plugins"]:
        return _open_window()
    from octavo.cli.main import run_command

    return run_command(arguments)


def _open_window() -> int:
    wanted = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform == "linux" and not any(os.environ.get(each) for each in wanted):
        sys.stderr.write("octavo: There is no display to open a window on. Use a command: octavo --help\n")
        return 1
    from octavo.gui.main import run

    return run(sys.argv)


if __name__ == "__main__":
    sys.exit(main())
