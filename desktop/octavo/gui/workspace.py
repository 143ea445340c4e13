"""What all pages share: the models, their cards, this computer's memory, the settings, the plugins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.estimate.memory import DEFAULT_CONTEXT
from octavo.engine.estimate.speeds import Speeds
from octavo.engine.hardware.cores import usable_threads
from octavo.engine.hardware.memory import MemoryPool
from octavo.gui.folder_search import FolderSearch, is_one_model
from octavo.gui.inspector import Inspector
from octavo.gui.listed_model import ADDED, last_models, listed, unread
from octavo.gui.listed_model import Model as Model
from octavo.gui.nearest_speeds import nearest_speeds
from octavo.gui.plugin_trial import PluginTrial
from octavo.plugin.host import PluginHost
from octavo.store.library import ModelEntry
from octavo.store.settings import Settings, load_settings, save_settings
from octavo.worker.protocol import Failed

MEMORY_REFRESH_MS = 1000


class Workspace(QObject):
    """Shared state; pages listen to its signals. In safe mode the plugins of others stay off."""

    models_changed = Signal()
    model_changed = Signal(str)
    refused = Signal(str, Failed)
    selected = Signal(str)
    memory_changed = Signal()
    settings_changed = Signal()
    not_saved = Signal(str)
    plugins_changed = Signal()
    plugins_ended = Signal(str)
    speeds_changed = Signal()

    def __init__(
        self,
        settings: Settings,
        host: PluginHost,
        inspector: Inspector,
        parent: QObject | None = None,
        *,
        safe_mode: bool = False,
    ) -> None:
        super().__init__(parent)
        self.safe_mode = safe_mode
        self.settings = settings
        self.host = host
        self.pools: list[MemoryPool] = []
        self.loaded_bytes = 0
        self.bandwidth = 0.0
        self.speeds: dict[int, Speeds] = {}
        self.plugins_loaded = False
        self.selected_path = ""
        self._folder_search = FolderSearch(self)
        self._trial = PluginTrial(self)
        self._trial.ended.connect(self._admit_others)
        self._n_listings, self._has_listed, self._is_recalling, self._is_unsaved = 0, False, False, False
        self._inspector = inspector
        self._models: dict[str, Model] = {}
        inspector.setParent(self)
        inspector.listed.connect(self.show_library)
        inspector.listed.connect(self._folder_search.tell_found)
        inspector.measured.connect(self._keep_bandwidth)
        inspector.opened.connect(self._keep_card)
        inspector.refused.connect(self._keep_problem)
        self._memory_timer = QTimer(self, interval=MEMORY_REFRESH_MS)
        self._memory_timer.timeout.connect(self.refresh_memory)

    @property
    def models(self) -> list[Model]:
        """All models, in the order of the list."""
        return list(self._models.values())

    def model(self, path: str) -> Model | None:
        """The model at ``path``, if it is in the list."""
        return self._models.get(path)

    @property
    def selected_model(self) -> Model | None:
        """The model that the pages are about."""
        return self._models.get(self.selected_path)

    def select(self, path: str) -> None:
        """Make the model at ``path`` the one that the pages are about."""
        if path in self._models and path != self.selected_path:
            self.selected_path = path
            self._read(path, first=True)
            self.selected.emit(path)

    def measure_bandwidth(self) -> None:
        """Learn in the background how fast this computer reads its memory, for the estimates of speed."""
        self._inspector.measure_bandwidth()

    def keep_speeds(self, speeds: Speeds) -> None:
        """Note what was measured of this computer with a number of threads."""
        if self.speeds.get(speeds.n_threads) != speeds:
            self.speeds[speeds.n_threads] = speeds
            self.speeds_changed.emit()

    def speeds_for(self, n_threads: int) -> Speeds | None:
        """What was measured, or follows from what was measured with other threads; None before any probe."""
        return nearest_speeds(self.speeds.values(), n_threads)

    @property
    def is_looking(self) -> bool:
        """Whether models are being looked for, or will be."""
        return self._n_listings > 0 or not self._has_listed

    def recall_models(self) -> None:
        """Show the models of the last time; their files are not read before ``look_for_models``."""
        self._is_recalling = True
        self._show_entries(last_models(self.settings))

    def look_for_models(self) -> None:
        """Find the models on this computer, in the background; until then those of the last time are shown."""
        self._n_listings += 1
        self._inspector.list_models()
        if not self._models:
            self.recall_models()
        self._is_recalling = False
        self._read_headers()

    def show_library(self, entries: Sequence[ModelEntry]) -> None:
        """Show these models, which are all there are; their headers are read in the background."""
        self._has_listed = True
        self._n_listings = max(self._n_listings - 1, 0)
        self._show_entries(entries)

    def _show_entries(self, entries: Sequence[ModelEntry]) -> None:
        self._models = listed(entries, self._models)
        if self.selected_path not in self._models:
            self.selected_path = ""
        self.models_changed.emit()
        self._read_headers()

    def _read_headers(self) -> None:
        """Have those read that were not yet, the chosen one first."""
        for path in sorted(self._models, key=lambda each: each != self.selected_path):
            self._read(path)

    def _read(self, path: str, *, first: bool = False) -> None:
        model = self._models[path]
        if model.card is None and not model.problem and not self._is_recalling:
            self._inspector.inspect(path, first=first)

    def add_model(self, path: Path, *, select: bool = True) -> None:
        """Open ``path``, put it in the list and select it; a refusal is told through ``refused``.

        In a folder that is no model itself, models are looked for.
        """
        if path.is_dir() and not is_one_model(path):
            self._folder_search.look_in(path)
        else:
            self.open_model(str(path), select=select)

    def open_model(self, name: str, *, select: bool) -> None:
        """Open what is taken for one model, as ``add_model`` does."""
        if name not in self._models:
            self._models = {name: Model(unread(name)), **self._models}
            self.models_changed.emit()
        else:
            self._models[name] = replace(self._models[name], problem="")
        self._inspector.inspect(name, first=True)
        if select:
            self.select(name)

    def remove_model(self, path: str) -> None:
        """Take a model out of the list; its file stays."""
        if self._models.pop(path, None) is not None:
            added = tuple(each for each in self.settings.added_models if each != path)
            self.change_settings(added_models=added)
            self.selected_path = ""
            self.models_changed.emit()

    def change_settings(self, **changes: Any) -> None:  # the fields of Settings, each of its own type
        """Change some settings and save them; those that cannot be written hold until the window is closed."""
        changed = replace(self.settings, **changes)
        if changed != self.settings:
            before, self.settings = self.settings, changed
            try:
                save_settings(changed, since=before)
            except OSError as error:
                self._is_unsaved, why = True, (error.strerror or str(error)).lower()
                self.not_saved.emit(f"Settings hold only until you quit: they could not be written ({why}).")
            self.settings_changed.emit()

    def load_plugins(self) -> None:
        """Load the shipped plugins and look at the memory; those of others come once a child has survived them."""
        self._load(self.host)
        if self._others:
            self._trial.start(self._others)

    def _load(self, host: PluginHost) -> None:
        self.host = host
        host.load()
        self.plugins_loaded = True
        self.plugins_changed.emit()
        self.refresh_memory()
        self._memory_timer.start()

    def reload_plugins(self) -> None:
        """Find the plugins again, as the settings want them."""
        self._trial.start(self._others)

    @property
    def _others(self) -> tuple[str, ...]:
        return () if self.safe_mode else self.settings.enabled_plugins

    def _admit_others(self, refused: dict[str, str], deadly: list[str]) -> None:
        """Load those plugins of others that a child has survived."""
        others = self._others
        self._load(PluginHost(others, refused=refused))
        if deadly:
            self.change_settings(enabled_plugins=tuple(each for each in others if each not in deadly))
            self.plugins_ended.emit(" ".join(refused[each] for each in deadly))

    def switch_plugin(self, name: str, is_on: bool) -> None:
        """Switch a third party's plugin on or off."""
        # The command line may have switched some since.
        known = (self.settings if self._is_unsaved else load_settings()).enabled_plugins
        others = tuple(each for each in known if each != name)
        self.change_settings(enabled_plugins=(*others, name) if is_on else others)
        self.reload_plugins()

    def refresh_memory(self) -> None:
        """Look at the memory now."""
        pools = self.host.memory_pools()
        if pools != self.pools:
            self.pools = pools
            self.memory_changed.emit()

    @property
    def ram(self) -> MemoryPool:
        """The main memory."""
        return next((each for each in self.pools if each.kind == "ram"), MemoryPool("Memory", "ram", 0, 0))

    @property
    def n_threads(self) -> int:
        """How many threads the engine will use."""
        return self.settings.n_threads or _usable_threads()

    def context_for(self, card: ModelCard, wanted: int = 0) -> int:
        """The context to price or load a model with: ``wanted`` or the user's choice, within the model's own."""
        return min(
            wanted or self.settings.context_tokens or DEFAULT_CONTEXT, card.hyperparameters.context_length
        )

    def show_loaded(self, n_bytes: int) -> None:
        """Note how much memory the model in the chat takes, bytes."""
        if n_bytes != self.loaded_bytes:
            self.loaded_bytes = n_bytes
            self.memory_changed.emit()

    def close(self) -> None:
        """Stop everything under way."""
        self._memory_timer.stop()
        self._trial.stop()
        self._inspector.close()

    def _keep_bandwidth(self, bytes_per_second: float) -> None:
        self.bandwidth = bytes_per_second
        self.memory_changed.emit()

    def _keep_card(self, path: str, card: ModelCard) -> None:
        if path in self._models:
            self._models[path] = replace(self._models[path], card=card, problem="")
            if self._models[path].entry.source == ADDED:
                self.change_settings(added_models=self.settings.with_model(path).added_models)
            self.model_changed.emit(path)

    def _keep_problem(self, path: str, failed: Failed) -> None:
        model = self._models.get(path)
        if model is None:
            return
        if model.entry.source == ADDED and path not in self.settings.added_models:
            del self._models[path]
            self.selected_path = "" if self.selected_path == path else self.selected_path
            self.models_changed.emit()
            self.refused.emit(path, failed)
            return
        said = failed.message.removeprefix(f"{Path(path).name}: ")  # its row shows the name already
        self._models[path] = replace(model, problem=f"{said[:1].upper()}{said[1:]} {failed.hint}".strip())
        self.model_changed.emit(path)


@cache  # it asks the system for milliseconds, and every price needs it
def _usable_threads() -> int:
    return usable_threads()
