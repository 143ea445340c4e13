"""What every encoder writes for every kind of weights, as digests."""

from __future__ import annotations

import hashlib

from tests.engine.blocks.kinds_of_weights import IMPORTANCES, KINDS
from tests.engine.blocks.plain_encode import ENCODERS

from octavo.engine.blocks.codec import encode
from octavo.engine.blocks.types import block_type


def of_all_encoders() -> list[str]:
    """A line for each type, kind of weights and kind of importance."""
    lines = []
    for name in ENCODERS:
        for kind, weights in KINDS.items():
            for label, importance in IMPORTANCES.items():
                raw = encode(weights, block_type(name), importance)
                lines.append(f"{name}, {kind}, {label}: {hashlib.sha256(raw.tobytes()).hexdigest()}")
    return lines
