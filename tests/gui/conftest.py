"""The window's tests: the theme is on, the engine is a fake that speaks the real protocol."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from tests.gui.chatting import ask, chat_with_small

from octavo.engine.hardware.memory import MemoryPool
from octavo.gui.chat_desk import ChatDesk
from octavo.gui.conversation import Conversation
from octavo.gui.garbage import GarbageCollector
from octavo.gui.inspector import Inspector
from octavo.gui.joined_window import JoinedWindow
from octavo.gui.pages.chat import ChatPage
from octavo.gui.pages.convert import ConvertPage
from octavo.gui.pages.fit import FitPage
from octavo.gui.theme.apply import apply_theme
from octavo.gui.theme.fonts import load_fonts
from octavo.gui.widgets.fit_settings import FitSettings
from octavo.gui.widgets.result_panel import ResultPanel
from octavo.gui.workspace import Workspace
from octavo.plugin.host import PluginHost
from octavo.store.chats import ChatStore
from octavo.store.ledger import Ledger
from octavo.store.library import ModelEntry
from octavo.store.settings import Settings

# A machine busy with other things must not make a test fail.
PATIENCE_MS = 30_000
FAKE_ENGINE = [sys.executable, str(Path(__file__).with_name("fake_engine.py"))]
GB = 10**9


class FixedMemory(PluginHost):
    """A host whose computer has 16 GB, 8 of them free."""

    def memory_pools(self) -> list[MemoryPool]:
        return [MemoryPool("Memory", "ram", 16 * GB, 8 * GB)]


class PatientBot(QtBot):
    """Waits longer than five seconds where nothing else is asked for."""

    def waitSignal(self, signal: Any, *, timeout: int = PATIENCE_MS, **others: Any) -> Any:
        return super().waitSignal(signal, timeout=timeout, **others)

    def waitSignals(self, signals: Any, *, timeout: int = PATIENCE_MS, **others: Any) -> Any:
        return super().waitSignals(signals, timeout=timeout, **others)

    def waitUntil(self, callback: Any, *, timeout: int = PATIENCE_MS) -> None:
        super().waitUntil(callback, timeout=timeout)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """pytest-qt's, with patience."""
    return PatientBot(request)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The offscreen platform says of every window what it cannot do; that is no fault of ours."""
    for item in items:
        item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support"))


@pytest.fixture(autouse=True, scope="session")
def _dressed(qapp: QApplication) -> Iterator[None]:
    load_fonts()
    apply_theme(qapp, "light")
    garbage = GarbageCollector()
    yield
    garbage.stop()


@pytest.fixture
def engine() -> list[str]:
    """The command that starts the fake engine."""
    return FAKE_ENGINE


@pytest.fixture(scope="session")
def host() -> PluginHost:
    """The shipped plugins, loaded once: a host does not change afterwards."""
    made = FixedMemory()
    made.load()
    return made


@pytest.fixture
def workspace(engine: list[str], host: PluginHost) -> Iterator[Workspace]:
    """A workspace whose plugins are loaded and whose files are opened by the fake engine."""
    made = Workspace(Settings(), host, Inspector(command=engine))
    made.load_plugins()
    yield made
    made.close()


@pytest.fixture
def joined(
    qapp: QApplication, qtbot: QtBot, workspace: Workspace, engine: list[str]
) -> Iterator[JoinedWindow]:
    """The whole window on the fake engine, with two models in the list."""
    made = JoinedWindow(
        workspace, ChatDesk(command=engine), Conversation(ChatStore()), Ledger(), command=engine
    )
    made.window.wear(apply_theme(qapp, "light"))
    qtbot.addWidget(made.window)
    paths = ["/models/small.gguf", "/models/folder"]
    with qtbot.waitSignals([workspace.model_changed, workspace.model_changed]):
        workspace.show_library(
            [
                ModelEntry(path=path, source="LM Studio", name=Path(path).stem.title(), bytes=1)
                for path in paths
            ]
        )
    made.window.show()
    yield made
    made.close()
    gc.collect()


@pytest.fixture
def chat_page(joined: JoinedWindow, qtbot: QtBot) -> ChatPage:
    """The Chat page, its model loaded."""
    return chat_with_small(joined, qtbot)


@pytest.fixture
def answered(joined: JoinedWindow, chat_page: ChatPage, qtbot: QtBot) -> ChatPage:
    """The Chat page with one question and its answer."""
    ask(joined, qtbot, "First words")
    return chat_page


@pytest.fixture
def convert_page(joined: JoinedWindow, tmp_path: Path) -> ConvertPage:
    """The Convert page on view; what it makes goes into the test's folder."""
    joined.workspace.change_settings(output_folder=str(tmp_path))
    joined.window.show_named("Convert")
    return joined.convert


@pytest.fixture
def panel(convert_page: ConvertPage) -> ResultPanel:
    """What the Convert page says of the file that is to be made."""
    return convert_page.findChild(ResultPanel)


@pytest.fixture
def fit_page(joined: JoinedWindow) -> FitPage:
    """The Fit page on view."""
    joined.window.show_named("Fit")
    return joined.fit


@pytest.fixture
def fit_settings(fit_page: FitPage) -> FitSettings:
    """Context, cache, threads and what else the Fit page lets people choose."""
    return fit_page.findChild(FitSettings)
