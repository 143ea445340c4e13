"""``octavo`` and ``python -m octavo``: no arguments open the window, else a command runs."""

from __future__ import annotations

import sys


def main() -> int:
    """Open the window, or run the command named by the arguments; return the exit status."""
    if len(sys.argv) == 1:
        from octavo.gui.main import run

        return run(sys.argv)
    from octavo.cli.main import run_command

    return run_command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
