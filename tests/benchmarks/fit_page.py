"""How quickly the Fit page follows its sliders, and the window opens on a full library.

    python -m tests.benchmarks.fit_page MODEL [--models 200]

First a model is priced with all plugins and a probed computer: each step of a slider is timed with all that follows
from it, layout and painting too. Then the window is started, in a process of its own, on a fresh home with a folder of
small GGUFs, twice: with an empty index of the library and with the one that the first start has written, its modules
compiled to bytecode as an installer leaves them. Told are the seconds from the start of the process to the first
paint, to the list and to the last header, and the longest time in which the window could not have answered. On a busy
machine the wall times say more about the neighbours; the processor times of the window's thread do not.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

FRAME_MS, STALL_MS = 16, 50
TICK_MS = 5
PATIENCE = 120.0


def probed() -> object:
    """Speeds of a computer like any other: the figures do not matter, that they are known does."""
    from octavo.engine.estimate.speeds import CacheSpeed, KindSpeed, Speeds
    from octavo.engine.kernels.layout import LAYOUTS

    kind = KindSpeed(decode=2e-11, prefill=1e-12, packing=1e-9)
    kinds = dict.fromkeys(LAYOUTS, kind)
    return Speeds(2, [(1 << 28, 4e10)], 4e-6, 1e-10, kinds, {"f16": CacheSpeed(1e-12, 1e-12)})


def time_slider(model: Path) -> None:
    """Print what a step of each slider costs."""
    from PySide6.QtCore import QCoreApplication, QEventLoop
    from PySide6.QtWidgets import QApplication

    from octavo.engine.checkpoint.open import open_checkpoint
    from octavo.engine.hardware.cores import usable_threads
    from octavo.gui.chat_desk import ChatDesk
    from octavo.gui.conversation import Conversation
    from octavo.gui.garbage import GarbageCollector
    from octavo.gui.inspector import Inspector
    from octavo.gui.joined_window import JoinedWindow
    from octavo.gui.theme.apply import apply_theme
    from octavo.gui.theme.fonts import load_fonts
    from octavo.gui.workspace import Workspace
    from octavo.plugin.host import PluginHost
    from octavo.store.chats import ChatStore
    from octavo.store.ledger import Ledger
    from octavo.store.library import ModelEntry
    from octavo.store.settings import Settings

    application = QApplication([])
    load_fonts()
    idle = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    workspace = Workspace(Settings(), PluginHost(), Inspector(command=idle))
    joined = JoinedWindow(
        workspace, ChatDesk(command=idle), Conversation(ChatStore()), Ledger(), command=idle
    )
    joined.window.wear(apply_theme(application, "light"))
    workspace.load_plugins()
    workspace.keep_speeds(dataclasses.replace(probed(), n_threads=usable_threads()))  # type: ignore[type-var]
    workspace.show_library([ModelEntry(str(model), "Folder", model.stem, 1)])
    checkpoint = open_checkpoint(model)
    workspace._keep_card(str(model), checkpoint.card)
    checkpoint.close()
    workspace.select(str(model))
    joined.window.show()
    garbage = GarbageCollector()  # as in the program, where it collects while nothing moves
    joined.window.show_named("Fit")

    def settle() -> None:
        QCoreApplication.sendPostedEvents()
        application.processEvents(QEventLoop.ProcessEventsFlag.ExcludeSocketNotifiers)

    while joined.window._dresser._undressed:  # the other pages, one after the other
        settle()
    page = joined.fit
    settings = page._settings
    print(f"{model.name}: {len(page._rows)} ways to run it, {len(page._card.tensors)} tensors")
    sliders = (("context", settings.context._slider), ("chat so far", settings.chat._slider))
    for view in ("bars", "table"):
        for name, slider in sliders:
            steps = [*range(slider.minimum(), slider.maximum(), 2)]
            told = timed_steps(slider.setValue, steps, settle)
            print(f"  {name}, {view}: {told}")
        page._formats._switch.click()
    pools = workspace.pools
    free = [dataclasses.replace(each, free_bytes=each.free_bytes - 1) for each in pools]

    def breathe(step: int) -> None:
        workspace.pools = free if step % 2 else pools
        workspace.memory_changed.emit()

    print(f"  memory refreshed: {timed_steps(breathe, range(100), settle)}")
    joined.window.hide()
    joined.close()
    garbage.stop()


def timed_steps(step: Callable[[int], object], values: object, settle: Callable[[], None]) -> str:
    """The usual and the longest step, with the processor time of this thread."""
    settle()
    wall, own = [], []
    for value in values:  # type: ignore[attr-defined]
        before, own_before = time.perf_counter(), time.thread_time()
        step(value)
        settle()
        wall.append(1000 * (time.perf_counter() - before))
        own.append(1000 * (time.thread_time() - own_before))
    wall, own = wall[1:], own[1:]  # the first lays out and paints what was never seen
    p99 = sorted(own)[int(0.99 * len(own))]
    verdict = "within a frame" if p99 <= FRAME_MS else f"LONGER than {FRAME_MS} ms"
    return (
        f"median {statistics.median(wall):.1f} ms, longest {max(wall):.1f} ms; "
        f"processor {statistics.median(own):.1f} ms, 99 % under {p99:.1f} ms: {verdict}"
    )


def time_opening(n_models: int) -> None:
    """Print how the window opens on a home with that many models, twice."""
    from tests.fixtures.checkpoints import write_tiny_gguf

    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "models"
        folder.mkdir()
        first = write_tiny_gguf(folder / "model-000.gguf")
        for number in range(1, n_models):
            shutil.copy(first, folder / f"model-{number:03}.gguf")
        os.environ["OCTAVO_HOME"] = str(Path(home) / "octavo")
        from octavo.store.settings import Settings, save_settings

        environment = _as_installed(Path(home) / "bytecode")
        save_settings(Settings(model_folders=(str(folder),)))
        for start in ("first start", "next start"):
            command = [sys.executable, "-m", "tests.benchmarks.fit_page", "--open", str(n_models)]
            done = subprocess.run(
                [*command, str(time.time())],
                capture_output=True,
                encoding="utf-8",
                check=True,
                timeout=2 * PATIENCE,
                env=environment,
            )
            found = json.loads(done.stdout.splitlines()[-1])
            verdict = "within a second" if found["painted"] <= 1 else "LONGER than a second"
            print(
                f"{n_models} models, {start}: painted after {found['painted']:.2f} s ({verdict}; "
                f"{found['painted_processor']:.2f} s of processor), listed after {found['listed']:.2f} s, "
                f"all read after {found['read']:.2f} s; longest stall {found['stall']:.0f} ms, "
                f"{found['own_stall']:.0f} ms of processor"
            )


def _as_installed(bytecode: Path) -> dict[str, str]:
    """The environment of a program that was installed: its modules, and those it uses, are compiled to bytecode."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(bytecode)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "tests.benchmarks.fit_page", "--open", "1", str(time.time())]
        elsewhere = {**environment, "OCTAVO_HOME": home}
        subprocess.run(command, capture_output=True, check=True, timeout=2 * PATIENCE, env=elsewhere)
    return environment


def open_window(n_models: int, started: float) -> None:
    """Run the window until all models are on view, then print when what was there."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    import octavo.gui.joined_window as joined_module
    from octavo.gui.main import run

    found: dict[str, float] = {}
    gaps: list[tuple[float, float]] = []
    last = [time.perf_counter(), time.thread_time()]
    begin = joined_module.JoinedWindow.begin_work
    timers = []

    def tick() -> None:
        now, own = time.perf_counter(), time.thread_time()
        gaps.append((now - last[0], own - last[1]))
        last[:] = [now, own]

    def watch(joined: joined_module.JoinedWindow) -> None:
        tick()
        workspace = joined.workspace
        if "listed" not in found and len(joined.models.list.rows.paths) >= n_models:
            found["listed"] = time.time() - started
        is_read = len(workspace.models) >= n_models and all(
            each.card or each.problem for each in workspace.models
        )
        if (is_read and "listed" in found) or time.time() - started > PATIENCE:
            found.setdefault("read", time.time() - started)
            QApplication.instance().exit(0)  # type: ignore[union-attr]

    def begun(self: joined_module.JoinedWindow) -> None:
        found["painted"] = time.time() - started
        found["painted_processor"] = time.process_time()
        last[:] = [time.perf_counter(), time.thread_time()]
        timer = QTimer(interval=TICK_MS)
        timer.timeout.connect(lambda: watch(self))
        timer.start()
        timers.append(timer)
        begin(self)

    joined_module.JoinedWindow.begin_work = begun  # type: ignore[method-assign]
    run(["octavo"])
    found["stall"] = 1000 * max(wall for wall, _ in gaps)
    found["own_stall"] = 1000 * max(own for _, own in gaps)
    print(json.dumps(found))


def main() -> None:
    """Measure both and print them."""
    if sys.argv[1:2] == ["--open"]:
        open_window(int(sys.argv[2]), float(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, nargs="?", help="whose prices are timed; none: the opening alone")
    parser.add_argument("--models", type=int, default=200)
    options = parser.parse_args()
    if options.model is not None:
        with tempfile.TemporaryDirectory() as home:
            os.environ["OCTAVO_HOME"] = home
            time_slider(options.model)
    time_opening(options.models)


if __name__ == "__main__":
    main()
