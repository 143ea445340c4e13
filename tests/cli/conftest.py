"""Runs commands in this process and catches what they print."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from tests.cli.talking import FakeModel

from octavo.cli.main import run_command
from octavo.engine.progress import Progress
from octavo.worker import loaded_model


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


@pytest.fixture
def model(monkeypatch):
    model = FakeModel()

    def load(request):
        model.loads.append(request)
        yield Progress(1, 1)
        return model

    monkeypatch.setattr(loaded_model, "load_model", load)
    return model


@pytest.fixture
def terminal(monkeypatch):
    """Standard input that is a person: what they type, line by line."""

    def typed(*lines):
        stdin = io.StringIO("".join(f"{line}\n" for line in lines))
        stdin.isatty = lambda: True
        monkeypatch.setattr(sys, "stdin", stdin)

    return typed
