"""``python -m octavo.worker``: the engine in a child process."""

from __future__ import annotations

import sys

from octavo.worker.child import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
