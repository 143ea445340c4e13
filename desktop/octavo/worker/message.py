"""What every message of the protocol has."""

from __future__ import annotations

import msgspec


class Message(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """The common part: the request that a message belongs to."""

    id: int = 0
