"""One plugin of others loaded and asked in a process that nobody would miss, before the window does the same.

A plugin can end the process that it runs in, on purpose (``os._exit``) or by a fault in compiled code, and nothing
can be said then from within. What is written at the end tells the window that it was reached.
"""

from __future__ import annotations

import contextlib
import json
import os

from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.errors import OctavoError
from octavo.engine.estimate.fit import default_options
from octavo.plugin.host import PluginHost
from octavo.worker.process import behave, private_pipes

_TENSORS = (
    TensorInfo("token_embd.weight", (64, 256), block_type("F16")),
    TensorInfo("blk.0.ffn_down.weight", (256, 256), block_type("F16")),
    TensorInfo("output_norm.weight", (256,), block_type("F32")),
)


def try_plugin(name: str) -> int:
    """Load the plugin, ask all that the window asks, and write why it stays off: nothing if it need not."""
    _, outgoing = private_pipes()
    behave(in_background=False, told_to_end=lambda *_: os._exit(1))
    host = PluginHost((name,))
    host.memory_pools()
    found = next((each for each in host.plugins() if each.name == name), None)
    for quantizer in host.quantizers():
        if found is not None and quantizer.name in found.quantizers:
            with contextlib.suppress(OctavoError):  # said again where it matters
                quantizer.plan(list(_TENSORS), default_options(quantizer))
    with os.fdopen(outgoing, "w", encoding="utf-8") as told:
        json.dump({"name": name, "error": found.error if found is not None else ""}, told)
    # Threads that it has left, or what it does at an end, need not be waited for.
    os._exit(0)
