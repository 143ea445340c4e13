"""Children that do what a test tells them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest
from tests.fixtures.engine_client import EngineClient

CHILD = """
import os, signal, sys, time
from octavo.engine.errors import *
from octavo.engine.progress import Progress
from octavo.worker import child
from octavo.worker.engine_desk import EngineDesk, Stopped, _run_to_the_end
def answer(self, request, stop):
{body}
EngineDesk.answer = answer
sys.exit(child.main(sys.argv[1:]))
"""


@pytest.fixture
def child_that() -> Iterator[Callable[..., EngineClient]]:
    """``child_that("return 3")``: a child whose answer to every request is that code; its arguments may follow."""
    clients = []

    def start(body: str, *arguments: str) -> EngineClient:
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        clients.append(EngineClient([sys.executable, "-c", CHILD.format(body=lines), *arguments]))
        return clients[-1]

    yield start
    for client in clients:
        client.close()
