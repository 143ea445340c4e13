"""The engine's child as the tests ask it, for the scripts of this folder, which are run one by one."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.fixtures.engine_client import EngineClient, RequestFailed  # found by the line above

__all__ = ["EngineClient", "RequestFailed"]
