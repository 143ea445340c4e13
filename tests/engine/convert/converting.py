"""Converts, and looks at what lies there afterwards."""

from octavo.engine.convert.convert import convert
from octavo.engine.progress import finish
from octavo.plugin.host import PluginHost

NAMES = ("Q8_0", "Q4_K_M")
QUANTIZERS = {name: PluginHost().quantizer(name) for name in NAMES}


def converted(source, target, name="Q8_0", **options):
    return finish(convert(source, QUANTIZERS[name], None, target, **options))


def leftovers(folder):
    return sorted(
        each.name for each in folder.iterdir() if each.name != "model" and each.name != "model.gguf"
    )
