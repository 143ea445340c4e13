"""Take the pictures of the README and of software centres: the real window, without a screen, on real models.

    python packaging/screenshots/take.py SOURCE_FOLDER MODEL.gguf SMALLER.gguf --output packaging/screenshots

The source folder is shown in Convert, the model in Fit and Chat, both files in Compare. Settings and chats go to a
temporary home. Pages that compute are waited for: a picture shows what the program said, nothing is staged.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

PROMPT = "Write a short Python function that reverses a string."
PATIENCE = 300.0


def take(theme: str, source: Path, model: Path, smaller: Path, output: Path) -> None:
    """Every page in one theme; a process takes one, because a program has one theme at a time."""
    from PySide6.QtWidgets import QApplication

    from octavo.gui.chat_desk import ChatDesk
    from octavo.gui.conversation import Conversation
    from octavo.gui.inspector import Inspector
    from octavo.gui.joined_window import JoinedWindow
    from octavo.gui.theme.apply import apply_theme
    from octavo.gui.theme.fonts import load_fonts
    from octavo.gui.workspace import Workspace
    from octavo.plugin.host import PluginHost
    from octavo.store.chats import ChatStore
    from octavo.store.ledger import Ledger
    from octavo.store.settings import Settings

    application = QApplication([])
    load_fonts()
    sheet = apply_theme(application, theme)
    settings = Settings(theme=theme, temperature=0.0)  # the same answer in both themes
    workspace = Workspace(settings, PluginHost(), Inspector())
    joined = JoinedWindow(workspace, ChatDesk(), Conversation(ChatStore()), Ledger())
    joined.window.wear(sheet)
    joined.window.resize(1280, 800)
    joined.window.show()

    def until(is_so: Callable[[], object], seconds: float = PATIENCE) -> None:
        ends = time.monotonic() + seconds
        while not is_so() and time.monotonic() < ends:
            application.processEvents()
            time.sleep(0.005)

    def settle(seconds: float = 1.5) -> None:
        until(lambda: False, seconds)

    def picture(name: str) -> None:
        settle()
        joined.window.grab().save(str(output / f"{name}-{theme}.png"))

    joined.begin_work()
    until(lambda: workspace.bandwidth)
    picture("empty")
    joined.open_models([source, smaller, model])
    until(lambda: joined.window.page_name == "Chat")
    until(lambda: joined.desk.state == "ready")
    panel = joined.chat.panel
    panel.composer.write(PROMPT)
    settle()
    panel.composer._send_text()
    settle(0.5)
    until(lambda: not joined.desk.is_answering)
    picture("chat")
    joined.window.show_named("Models")
    picture("models")
    joined.window.show_named("Fit")
    settle(20)
    picture("fit")
    workspace.select(str(source))
    joined.window.show_named("Convert")
    until(lambda: forecast_is_told(joined.convert.prospect.panel))
    picture("convert")
    joined.window.show_named("Compare")
    joined.compare.compare(str(model), str(smaller))
    joined.compare.bar.asked.emit("What is the capital of France, and what is it known for?")
    settle(2)
    until(lambda: not joined.compare._comparer.is_asking)
    picture("compare")
    joined.close()


def forecast_is_told(panel: QWidget) -> bool:
    """Whether the panel of a conversion says what it takes: until then it has dots there."""
    from PySide6.QtWidgets import QLabel

    return all(each.text() != "…" for each in panel.findChildren(QLabel))


def main() -> None:
    """Both themes, each in a home of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("smaller", type=Path)
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--output", type=Path, required=True)
    chosen = parser.parse_args()
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory() as home:
        os.environ["OCTAVO_HOME"] = home
        take(chosen.theme, chosen.source, chosen.model, chosen.smaller, chosen.output)


if __name__ == "__main__":
    main()
