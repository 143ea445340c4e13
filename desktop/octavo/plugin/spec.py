"""The hooks: what a plugin may add, and when it is asked.

Names without arguments; each returns a list. A hook that a plugin does not write is not asked.
"""

from __future__ import annotations

import pluggy

from octavo.api import Backend, CheckpointFormat, MemoryPool, Quantizer

GROUP = "octavo"

hookspec = pluggy.HookspecMarker(GROUP)


@hookspec
def quantizers() -> list[Quantizer]:
    """Return the quantizers this plugin adds; asked once, when the plugin is loaded.

    Those with a method ``calibration`` (see `octavo.api.CalibratedQuantizer`) may look at the model first.
    """
    raise NotImplementedError


@hookspec
def formats() -> list[CheckpointFormat]:
    """Return the containers this plugin can open; asked once, when the plugin is loaded.

    They are kept, but files are opened by Octavo's own two alone so far.
    """
    raise NotImplementedError


@hookspec
def backends() -> list[Backend]:
    """Return the ways to run a model that this plugin adds; asked once, when the plugin is loaded.

    They are kept, but models run on Octavo's own alone so far.
    """
    raise NotImplementedError


@hookspec
def memory_pools() -> list[MemoryPool]:
    """Return the memories this plugin can see; asked at each refresh, about once a second."""
    raise NotImplementedError
