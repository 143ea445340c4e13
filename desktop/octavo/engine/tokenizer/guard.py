"""A fence around the ``tokenizers`` library.

Its panics arrive as ``BaseException`` and would pass ``except Exception`` (measured, ``trust.md`` D16).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from octavo.engine.errors import OctavoError, UnreadableModel


@contextmanager
def library_errors(sentence: str) -> Iterator[None]:
    """Turn whatever the library raises inside into ``UnreadableModel(sentence)``."""
    try:
        yield
    except (OctavoError, SystemExit, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        raise UnreadableModel(sentence) from error
