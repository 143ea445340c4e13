"""Runs commands in this process and catches what they print."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from octavo.cli.main import run_command


@dataclass(frozen=True)
class Outcome:
    """What came of a command."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output."""
        return json.loads(self.out)


@pytest.fixture
def octavo(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """``octavo("inspect", "demo")`` runs that command line."""

    def run(*arguments: object) -> Outcome:
        status = run_command([str(each) for each in arguments])
        return Outcome(status, *capsys.readouterr())

    return run
