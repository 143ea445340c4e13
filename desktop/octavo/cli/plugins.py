"""``octavo plugins``: what is installed, what is switched on, and what is broken."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from octavo.cli.options import AsJson, NoPlugins
from octavo.cli.output import print_json, print_line, print_sentence, print_table
from octavo.engine.errors import OctavoError

if TYPE_CHECKING:
    from octavo.engine.quantize.quantizer import Quantizer
    from octavo.plugin.host import PluginHost, PluginRecord


Name = Annotated[
    str,
    typer.Argument(
        metavar="[NAME]", help="A format, for example Q4_K_M: tell its options.", show_default=False
    ),
]

Enable = Annotated[
    str,
    typer.Option(
        "--enable",
        metavar="PLUGIN",
        help="Switch a stranger's plugin on: it is code that runs with your rights.",
        show_default=False,
    ),
]
Disable = Annotated[
    str, typer.Option("--disable", metavar="PLUGIN", help="Switch one off again.", show_default=False)
]


def plugins(
    name: Name = "",
    enable: Enable = "",
    disable: Disable = "",
    as_json: AsJson = False,
    no_plugins: NoPlugins = False,
) -> None:
    """List the plugins, what they add, and why one is off; or the options of one format."""
    if enable or disable:
        _switch(enable, disable)
    host = plugin_host(no_plugins)
    if name:
        _tell_format(host.quantizer(name), as_json=as_json)
        return
    records = host.plugins()
    if as_json:
        print_json({"plugins": [asdict(record) for record in records]})
    elif records:
        rows = [
            (record.name, record.version, ", ".join(record.quantizers), _state(record)) for record in records
        ]
        print_table(("NAME", "VERSION", "ADDS", "STATE"), rows)
        print_line()
        for record in records:
            if record.note:
                print_sentence(f"{record.name}: {record.note}")
        print_line("octavo plugins NAME, for example Q4_K_M, tells the options of what one adds.")
    else:
        print_line("No plugin is installed.")


def _switch(on: str, off: str) -> None:
    """Switch strangers' plugins on and off, for the window too when it starts next; none is imported for that."""
    from octavo.plugin.host import PluginHost
    from octavo.store.settings import load_settings, save_settings

    found = {each.name: each for each in PluginHost().plugins()}
    for name in filter(None, (on, off)):
        if name not in found:
            raise OctavoError(f"No plugin {name[:60]!r} is installed.", "octavo plugins lists all that are.")
        if found[name].is_shipped:
            raise OctavoError(f"{name} came with Octavo and stays on.", "--no-plugins leaves all out.")
    settings = load_settings()
    wanted = [each for each in (*settings.enabled_plugins, on) if each and each != off]
    save_settings(replace(settings, enabled_plugins=tuple(dict.fromkeys(wanted))))


def _tell_format(quantizer: Quantizer, *, as_json: bool) -> None:
    from octavo.engine.quantize.options import described_options

    options = described_options(quantizer)
    if as_json:
        described = [asdict(each) for each in options]
        print_json({"name": quantizer.name, "summary": quantizer.summary, "options": described})
        return
    print_line(f"{quantizer.name}: {quantizer.summary}")
    for each in options:
        usual = f", {each.default} unless given" if each.default else ""
        print_line()
        print_line(f"--set {each.name}=... ({each.takes}{usual})")
        print_sentence(each.help or each.name)


def plugin_host(no_plugins: bool) -> PluginHost:
    """The plugins that the user's settings switch on, or none in safe mode; those of strangers where one watches."""
    from octavo.cli.watched import require_watched
    from octavo.plugin.host import PluginHost
    from octavo.store.settings import load_settings

    enabled = load_settings().enabled_plugins
    if not no_plugins:
        require_watched(enabled)
    return PluginHost(enabled, safe_mode=no_plugins)


def _state(record: PluginRecord) -> str:
    if record.error:
        return f"broken: {record.error}"
    return "on" if record.enabled else "off"
