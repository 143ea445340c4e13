"""The window with its pages, joined to what they share and to each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from octavo.gui.chat_desk import ChatDesk
from octavo.gui.chat_upkeep import ChatUpkeep
from octavo.gui.comparer import Comparer
from octavo.gui.conversation import Conversation
from octavo.gui.doorbell import Doorbell
from octavo.gui.engine_child import background_command, bury_children
from octavo.gui.forecaster import Forecaster
from octavo.gui.measurer import Measurer
from octavo.gui.pages.chat import ChatPage
from octavo.gui.pages.compare import ComparePage
from octavo.gui.pages.convert import ConvertPage
from octavo.gui.pages.fit import FitPage
from octavo.gui.pages.models import ModelsPage
from octavo.gui.pages.plugins import PluginsPage
from octavo.gui.pages.settings import SettingsPage
from octavo.gui.records import Records
from octavo.gui.routes import Routes
from octavo.gui.spare_store import file_or_spare
from octavo.gui.speed_desk import SpeedDesk
from octavo.gui.warm_engine import WarmEngine
from octavo.gui.warm_up import WarmUp
from octavo.gui.window import MainWindow, Place
from octavo.gui.wording import graphics_cards
from octavo.gui.workspace import Workspace
from octavo.store.chats import DAYS_IN_TRASH
from octavo.store.comparisons import Comparisons
from octavo.store.ledger import Ledger
from octavo.store.library import converted_folder
from octavo.store.measurements import Measurements
from octavo.worker.protocol import Hello

WARM_UP_MS = 1500
TIDY_UP_MS = 20_000
TIERS = {"avx512": "AVX-512", "avxvnni": "AVX-VNNI", "portable": "no SIMD"}


class JoinedWindow(QObject):
    """Everything of one window; ``begin_work`` starts what may wait until it is painted."""

    theme_chosen = Signal(str)

    def __init__(
        self,
        workspace: Workspace,
        desk: ChatDesk,
        conversation: Conversation,
        ledger: Ledger,
        *,
        command: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        self.workspace, self.desk, self.conversation = workspace, desk, conversation
        foreground = command  # for what somebody waits for
        command = command or [*background_command(), *(["--shipped-plugins"] if workspace.safe_mode else [])]
        self.warm_engine, self._doorbell = WarmEngine(self, command=command), Doorbell(self)
        self._records = Records(ledger, workspace, desk, self)
        self._waiting: list[QTimer] = []
        self._tier, self._told_graphics = "", list[str]()
        self._warm_up, self._beginning = WarmUp(self), WarmUp(self, gap_ms=0)
        self.models = ModelsPage(workspace)
        measurements, problem = file_or_spare(Measurements, "measured qualities")
        self._measurer = Measurer(measurements, self, command=command)
        self._forecaster = Forecaster(self, command=command)
        self.convert = ConvertPage(workspace, self._measurer, self._forecaster, command)
        self._speed_desk = SpeedDesk(workspace, self, command=command)
        self._speed_desk.is_engaged = self._has_work
        self._fit_forecaster = Forecaster(self, command=command)
        self.fit = FitPage(workspace, self._speed_desk, self._measurer, self._fit_forecaster, self._records)
        self.upkeep = ChatUpkeep(self, command=command)
        self.chat = ChatPage(workspace, desk, conversation, self.upkeep)
        self._comparer, self._comparisons = Comparer(self, command=foreground), Comparisons()
        self.compare = ComparePage(workspace, self._comparer, self._comparisons)
        self.plugins = PluginsPage(workspace)
        self.settings = SettingsPage(workspace)
        self.window = MainWindow(
            [
                Place("Models", "library", self.models),
                Place("Convert", "layers", self.convert),
                Place("Fit", "gauge", self.fit),
                Place("Chat", "message-square", self.chat),
                Place("Compare", "columns-2", self.compare),
                Place("Plugins", "blocks", self.plugins),
                Place("Settings", "settings", self.settings),
            ]
        )
        self._routes = Routes(
            self.window, workspace, self.models, self.convert, self.fit, self.chat, self.compare
        )
        self._join_pages()
        self._join_window()
        self.window.navigation.show_news(problem)

    def begin_work(self) -> None:
        """Find models and plugins, start the engine, then warm up what the first answer needs: step by step."""
        self._beginning.take(self._first_steps())

    def _first_steps(self) -> Iterator[Callable[[], object]]:
        """What takes its time at a start; between two steps the window answers."""
        yield self.workspace.look_for_models
        while not self.workspace.host.is_loaded:
            yield self.workspace.host.load_next
        yield self.workspace.load_plugins
        yield self.workspace.measure_bandwidth
        yield self.desk.warm_up
        yield self._doorbell.answer
        yield self._plan_the_rest

    def _plan_the_rest(self) -> None:
        """What may wait until somebody has had a look around."""
        self._later(WARM_UP_MS, self._offer_unfinished)
        self._later(WARM_UP_MS, self._recall_speeds)
        self._later(WARM_UP_MS, self._warm_up.start)
        self._later(WARM_UP_MS, self.warm_engine.start)
        if not self.conversation.store.is_read_only:
            self._later(TIDY_UP_MS, self._tidy_up)

    def _later(self, milliseconds: int, work: Callable[[], object]) -> None:
        """Do ``work`` after a while, unless the window is closed before."""
        timer = QTimer(self, singleShot=True, interval=milliseconds)
        timer.timeout.connect(work)
        timer.start()
        self._waiting.append(timer)

    def _tidy_up(self) -> None:
        """Empty the trash of what is old, and make the day's copy of the chats."""
        self.upkeep.tidy_up(DAYS_IN_TRASH)

    def open_models(self, paths: Sequence[Path]) -> None:
        """Open models that were named at the start: a file leads to the chat, a folder to its conversion."""
        self._routes.open_models(paths)

    def close(self) -> None:
        """Stop everything under way; what was said is saved."""
        for timer in self._waiting:
            timer.stop()
        self._beginning.stop()
        self._warm_up.stop()
        self.conversation.close()
        self.convert.jobs.close_jobs()
        self.warm_engine.close()
        self._measurer.close()
        self._comparer.close()
        self._comparisons.close()
        self._forecaster.close()
        self._fit_forecaster.close()
        self._speed_desk.close()
        self.upkeep.close()
        self.desk.close()
        self._records.close()
        self.workspace.close()
        bury_children()

    def _join_pages(self) -> None:
        self.convert.jobs.measured.connect(self._records.note_conversion)
        self.convert.jobs.took.connect(self._records.note_effort)
        self._records.outpaced.connect(self._speed_desk.doubt)
        self.settings.theme_chosen.connect(self.theme_chosen)

    def _join_window(self) -> None:
        window = self.window
        window.restore_place(self.workspace.settings.window)
        window.closing.connect(self._keep_place)
        window.doubts = self.convert.jobs.doubts
        window.dropping.connect(self.models.show_dropping)
        window.stop_asked.connect(self.chat.panel.stop_all)
        window.stop_asked.connect(self.compare.stop)
        self.workspace.memory_changed.connect(self._show_memory)
        self.workspace.not_saved.connect(window.navigation.show_news)
        self.workspace.plugins_ended.connect(window.navigation.show_news)
        self.desk.ready.connect(self._show_engine)
        self.desk.state_changed.connect(self._make_way)
        self.warm_engine.progressed.connect(self._show_warming)
        self.warm_engine.ended.connect(self._hide_warming)
        self.warm_engine.ended.connect(self._speed_desk.retry)
        self._doorbell.rung.connect(self._answer_call)
        if self.workspace.safe_mode:
            window.setWindowTitle("Octavo (safe mode)")

    def _recall_speeds(self) -> None:
        """Price with what an earlier probe has found."""
        self._speed_desk.recall(self.workspace.n_threads)

    def _has_work(self) -> bool:
        """Whether something else computes."""
        is_chatting = self.desk.is_answering or self.desk.state == "loading"
        is_measuring = self._measurer.is_measuring or self._comparer.is_asking
        is_making = self.convert.jobs.is_running or self.warm_engine.is_working
        return is_chatting or is_measuring or is_making

    def _keep_place(self) -> None:
        self.workspace.change_settings(window=self.window.place)

    def _offer_unfinished(self) -> None:
        """Look where conversions go for what a crash has left."""
        settings = self.workspace.settings
        folders = [converted_folder(), *(Path(each).parent for each in settings.added_models)]
        if settings.output_folder:
            folders.append(Path(settings.output_folder))
        n_left = self.convert.jobs.offer_unfinished(folders)
        if n_left:
            what = "A conversion was" if n_left == 1 else f"{n_left} conversions were"
            self.window.navigation.show_news(f"{what} interrupted: see Convert.")

    def _answer_call(self, names: Sequence[str]) -> None:
        """A second start of the program came by, perhaps with models to open."""
        self.window.come_to_front()
        self.open_models([Path(each) for each in names])

    def _make_way(self) -> None:
        """What a model needs is compiled while it is loaded; two at once would only be slower."""
        if self.desk.state == "loading":
            self.warm_engine.stop()

    def _show_warming(self, done: int, total: int) -> None:
        told = f"Preparing the engine for this processor: {done} of {total}. Only this first time."
        self.window.navigation.show_news(told)

    def _hide_warming(self) -> None:
        self.window.navigation.show_news("")

    def _show_memory(self) -> None:
        ram = self.workspace.ram
        self.window.navigation.meter.show_memory(ram.total_bytes, ram.free_bytes, self.workspace.loaded_bytes)
        if self._tier and self._graphics != self._told_graphics:  # a driver may take seconds to answer
            self._show_processor()

    def _show_engine(self, hello: Hello) -> None:
        self._tier = TIERS.get(hello.tier, hello.tier.upper())
        self._show_processor()

    @property
    def _graphics(self) -> list[str]:
        """The names of the graphics cards."""
        return [pool.name for pool in self.workspace.pools if pool.kind == "vram"]

    def _show_processor(self) -> None:
        self._told_graphics = self._graphics
        cores = f"{self.workspace.n_threads} cores" if self.workspace.n_threads > 1 else "1 core"
        told = [cores, self._tier, graphics_cards(self._told_graphics)]
        self.window.navigation.meter.show_processor(" · ".join(told))
        self.models.show_processor(" · ".join(told[:2]))
