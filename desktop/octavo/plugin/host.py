"""The plugin host: finds plugins by their metadata, loads each in its own guard, keeps a record of each.

Every plugin has a pluggy manager of its own, because pluggy isolates nothing: in a shared one, the first
hook that raises stops all that follow. Third-party plugins are loaded only when their name is among
``enabled``; those that came with Octavo always are, except in safe mode.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pluggy

from octavo.api import API_VERSION, Backend, CheckpointFormat, MemoryPool, OctavoError, Quantizer
from octavo.engine.errors import PluginFailed
from octavo.plugin import builtin, spec
from octavo.plugin.guard import SECONDS_ALLOWED, guarded
from octavo.plugin.guarded import GuardedQuantizer, checked_quantizer
from octavo.plugin.record import PluginRecord as PluginRecord

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

_SHIPPED_BY = "octavo"
_FAILURES_ALLOWED = 3
# The memories are asked about once a second, by the window: nothing there may take longer.
_SECONDS_TO_REFRESH = 1.0


@dataclass
class _Plugin:
    """A plugin that was found, and what it added if it was loaded."""

    record: PluginRecord
    manager: pluggy.PluginManager | None = None
    quantizers: list[GuardedQuantizer] = field(default_factory=list)
    formats: list[CheckpointFormat] = field(default_factory=list)
    backends: list[Backend] = field(default_factory=list)
    n_failures: int = 0

    def fail(self, error: str) -> None:
        """Take back what it added and keep the reason."""
        self.record = replace(self.record, error=error, quantizers=())
        self.manager = None
        self.quantizers, self.formats, self.backends = [], [], []


class PluginHost:
    """All plugins of this installation; loads them at the first question.

    Parameters
    ----------
    enabled : names
        The third-party plugins that the user switched on.
    safe_mode : bool
        Load none, not even the shipped ones.
    seconds_allowed : float
        How long one plugin may take to load.
    refused : mapping
        Plugins that must not be loaded here, and why.
    """

    def __init__(
        self,
        enabled: Collection[str] = (),
        *,
        safe_mode: bool = False,
        seconds_allowed: float = SECONDS_ALLOWED,
        refused: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._refused = refused
        self._enabled = frozenset(enabled)
        self._safe_mode = safe_mode
        self._seconds_allowed = seconds_allowed
        self._builtin = _Plugin(PluginRecord("builtin", "", enabled=True, is_shipped=True))
        self._plugins: list[_Plugin] | None = None
        self._waiting: list[EntryPoint] | None = None

    def load(self) -> None:
        """Find and load all plugins, once; a broken one is a record with its error."""
        self._loaded()

    @property
    def is_loaded(self) -> bool:
        """Whether all plugins are."""
        return self._waiting == []

    def load_next(self) -> None:
        """Find the plugins, or load the next one: ``load`` in small steps."""
        if self._plugins is None:
            self._admit(self._builtin, builtin)
            self._plugins = []
        elif self._waiting is None:
            self._waiting = _found()
        elif self._waiting:
            point = self._waiting.pop(0)
            self._plugins.append(self._loaded_plugin(point, self._plugins))

    def plugins(self) -> list[PluginRecord]:
        """A record for every plugin that was found, shipped ones first."""
        return [each.record for each in self._loaded()]

    def quantizers(self) -> list[Quantizer]:
        """The quantizers of all loaded plugins."""
        return [each for plugin in self._loaded() for each in plugin.quantizers]

    def quantizer(self, name: str) -> Quantizer:
        """The quantizer that people call ``name``, whatever the case of the letters."""
        known = {each.name.lower(): each for each in self.quantizers()}
        found = known.get(name.lower())
        if found is not None:
            return found
        names = ", ".join(each.name for each in known.values()) or "none (plugins are off)"
        close = difflib.get_close_matches(name.lower(), known, 1)
        hint = f"Did you mean {known[close[0]].name}? " if close else ""
        off = [
            each.record.name for each in self._loaded() if not (each.record.enabled or each.record.is_shipped)
        ]
        if off and not self._safe_mode:
            hint += (
                f"These plugins are off, and may add it: {', '.join(off)} (octavo plugins --enable NAME). "
            )
        raise OctavoError(f"There is no quantizer called {name[:60]!r}.", f"{hint}There are: {names}.")

    def formats(self) -> list[CheckpointFormat]:
        """The containers that can be opened, ours first."""
        return [each for plugin in self._with_builtin() for each in plugin.formats]

    def backends(self) -> list[Backend]:
        """The backends, ours first."""
        return [each for plugin in self._with_builtin() for each in plugin.backends]

    def memory_pools(self) -> list[MemoryPool]:
        """All memories as they are now; a plugin that fails three times is asked no more."""
        pools: list[MemoryPool] = []
        for plugin in self._with_builtin():
            if plugin.manager is None or plugin.n_failures >= _FAILURES_ALLOWED:
                continue
            if not plugin.manager.hook.memory_pools.get_hookimpls():
                continue
            try:
                pools += self._asked(plugin, "memory_pools", MemoryPool, _SECONDS_TO_REFRESH)
            except PluginFailed as error:
                plugin.n_failures += 1
                plugin.record = replace(plugin.record, error=error.message)
        return pools

    def _with_builtin(self) -> list[_Plugin]:
        plugins = self._loaded()
        return [self._builtin, *plugins]

    def _loaded(self) -> list[_Plugin]:
        while not self.is_loaded:
            self.load_next()
        return self._plugins or []

    def _loaded_plugin(self, point: EntryPoint, others: Iterable[_Plugin]) -> _Plugin:
        shipped = _is_shipped(point)
        distribution, version = _name_and_version(point.dist) if point.dist else ("", "")
        plugin = _Plugin(
            PluginRecord(
                name=point.name,
                version=version,
                enabled=not self._safe_mode and (shipped or point.name in self._enabled),
                is_shipped=shipped,
                distribution=distribution,
            )
        )
        if any(other.record.name == point.name for other in others):
            plugin.fail(f"{point.name}: another plugin has the same name, so this one stays off.")
        elif not shipped and point.name in self._refused:
            plugin.fail(self._refused[point.name])
        elif plugin.record.enabled:
            started = time.perf_counter()
            try:
                self._admit(plugin, guarded(point.name, "loading", point.load, self._seconds_allowed))
                self._refuse_doubles(plugin, others)
            except PluginFailed as error:
                plugin.fail(str(error))
            plugin.record = replace(plugin.record, load_seconds=time.perf_counter() - started)
        return plugin

    def _admit(self, plugin: _Plugin, module: Any) -> None:  # a module, or whatever the entry point names
        """Check the plugin's version and signatures, then ask what it adds."""
        name = plugin.record.name
        _check_version(name, getattr(module, "api_version", API_VERSION))
        manager = pluggy.PluginManager(spec.GROUP)
        manager.add_hookspecs(spec)

        def register() -> None:
            manager.register(module, name)
            manager.check_pending()

        guarded(name, "registering", register, self._seconds_allowed)
        plugin.manager = manager
        for candidate in self._asked(plugin, "quantizers", object):
            is_strange = not plugin.record.is_shipped
            found = checked_quantizer(name, candidate, plugin.record.version, is_strange=is_strange)
            plugin.quantizers.append(found)
        plugin.formats = self._asked(plugin, "formats", object)
        plugin.backends = self._asked(plugin, "backends", object)
        plugin.record = replace(
            plugin.record,
            quantizers=tuple(each.name for each in plugin.quantizers),
            n_formats=len(plugin.formats),
            n_backends=len(plugin.backends),
        )

    def _asked(
        self, plugin: _Plugin, hook: str, kind: type, seconds_allowed: float | None = None
    ) -> list[Any]:  # the hook says of what
        assert plugin.manager is not None
        caller = getattr(plugin.manager.hook, hook)
        name = plugin.record.name
        answers = guarded(name, f"its hook {hook}", caller, seconds_allowed or self._seconds_allowed)
        for answer in answers:
            if not isinstance(answer, list) or not all(isinstance(each, kind) for each in answer):
                raise PluginFailed(name, f"{name}: its hook {hook} did not return a list of what it should.")
        return [each for answer in answers for each in answer]

    def _refuse_doubles(self, plugin: _Plugin, others: Iterable[_Plugin]) -> None:
        owners = {each.name.lower(): other.record.name for other in others for each in other.quantizers}
        name = plugin.record.name
        for each in plugin.quantizers:
            owner = owners.setdefault(each.name.lower(), name)
            if (
                owner != name
                or sum(other.name.lower() == each.name.lower() for other in plugin.quantizers) > 1
            ):
                raise PluginFailed(name, f"{name}: {each.name} is already offered by {owner}.")


def _found() -> list[EntryPoint]:
    """Every plugin's entry point, shipped ones first; nothing of theirs is imported."""
    from importlib.metadata import entry_points

    return sorted(entry_points(group=spec.GROUP), key=lambda each: (not _is_shipped(each), each.name))


def _is_shipped(point: EntryPoint) -> bool:
    return point.dist is not None and _name_and_version(point.dist)[0] == _SHIPPED_BY


@lru_cache(128)  # each question reads the whole file of metadata, our README in it, and we ship many plugins
def _name_and_version(distribution: Distribution) -> tuple[str, str]:
    return distribution.name, distribution.version


def _check_version(name: str, stated: object) -> None:
    low, high = stated if isinstance(stated, tuple) and len(stated) == 2 else (stated, stated)
    if not isinstance(low, int) or not isinstance(high, int):
        raise PluginFailed(name, f"{name}: its api_version is no number.")
    if not low <= API_VERSION <= high:
        wanted = str(low) if low == high else f"{low} to {high}"
        raise PluginFailed(
            name,
            f"{name}: it needs version {wanted} of the plugin interface; this is version {API_VERSION}.",
        )
