"""``octavo plugins``: what is installed, what is switched on, and what is broken."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from octavo.cli.options import AsJson, NoPlugins
from octavo.cli.output import print_json, print_line, print_table

if TYPE_CHECKING:
    from octavo.plugin.host import PluginHost, PluginRecord


def plugins(as_json: AsJson = False, no_plugins: NoPlugins = False) -> None:
    """List the plugins, what they add, and why one is off."""
    records = plugin_host(no_plugins).plugins()
    if as_json:
        print_json({"plugins": [asdict(record) for record in records]})
    elif records:
        rows = [
            (record.name, record.version, ", ".join(record.quantizers), _state(record)) for record in records
        ]
        print_table(("NAME", "VERSION", "ADDS", "STATE"), rows)
    else:
        print_line("No plugin is installed.")


def plugin_host(no_plugins: bool) -> PluginHost:
    """The plugins that the user's settings switch on, or none in safe mode."""
    from octavo.plugin.host import PluginHost
    from octavo.store.settings import load_settings

    return PluginHost(load_settings().enabled_plugins, safe_mode=no_plugins)


def _state(record: PluginRecord) -> str:
    if record.error:
        return f"broken: {record.error}"
    return "on" if record.enabled else "off"
