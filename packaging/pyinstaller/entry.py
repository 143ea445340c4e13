"""Where a frozen Octavo begins: the program itself, or one of the children that it starts as itself.

Unfrozen, children are ``python [-P] -m octavo.…``; a frozen program is its own Python, and must answer to that.
"""

import multiprocessing
import runpy
import sys


def run_as_python() -> bool:
    """Run ``-m octavo.MODULE`` if that is what was asked; whether it was."""
    arguments = [each for each in sys.argv[1:] if each != "-P"]
    if arguments[:1] != ["-m"] or not arguments[1].startswith("octavo."):
        return False
    sys.argv = arguments[1:]
    runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    return True


if __name__ == "__main__":
    multiprocessing.freeze_support()
    if not run_as_python():
        from octavo.__main__ import main

        sys.exit(main())
