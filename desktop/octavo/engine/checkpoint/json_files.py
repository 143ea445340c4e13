"""JSON from a model's folder: bounded in size and depth, UTF-8, without NaN, and an object at the top."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from octavo.engine.checkpoint.refusals import shown, unreadable
from octavo.engine.checkpoint.source_file import SourceFile

SMALL = 4 << 20
LARGE = 64 << 20
_DEEPEST = 100
# A value takes two bytes of a file, but over fifty of memory.
_MOST_VALUES = 4 << 20

# Content of a stranger's file: every use of a value checks its type first.
JsonObject = dict[str, Any]


def read_json(path: Path, limit: int = SMALL) -> JsonObject:
    """The object in the file at ``path``, which may have ``limit`` bytes."""
    with SourceFile(path) as file:
        if file.size > limit:
            raise unreadable(path, f"the file has {file.size} bytes, more than the {limit} allowed.")
        raw = file.read(0, file.size)
    return parse_json(path, raw)


def read_json_if_there(path: Path, limit: int = SMALL) -> JsonObject:
    """The same, and an empty object where there is no such file."""
    return read_json(path, limit) if path.exists() else {}


def parse_json(path: Path, raw: bytes, *, unique: bool = False) -> JsonObject:
    """The object in ``raw``; ``unique`` refuses an object that names a key twice."""

    def no_constant(name: str) -> NoReturn:
        raise unreadable(path, f"it holds {name}, which is no JSON.")

    def distinct(pairs: list[tuple[str, Any]]) -> JsonObject:
        content = dict(pairs)
        if len(content) != len(pairs):
            seen: set[str] = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise unreadable(path, f"it names '{shown(twice)}' twice.")
        return content

    if sum(map(raw.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise unreadable(path, f"it holds more than the {_MOST_VALUES} values allowed.")
    try:
        text = raw.decode("utf-8-sig")
        content = json.loads(text, parse_constant=no_constant, object_pairs_hook=distinct if unique else None)
    except UnicodeDecodeError as error:
        raise unreadable(path, "it is not valid UTF-8.") from error
    except RecursionError as error:
        raise unreadable(path, "it is nested too deeply.") from error
    except ValueError as error:
        raise unreadable(path, f"it is no valid JSON ({shown(str(error))}).") from error
    if not isinstance(content, dict):
        raise unreadable(path, "it holds no JSON object.")
    if _is_deep(content):
        raise unreadable(path, "it is nested too deeply.")
    if "\\ud" in text.lower() and _has_half_characters(content):
        raise unreadable(path, "it holds half of a character, which no text can.")
    return content


def _has_half_characters(content: JsonObject) -> bool:
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _is_deep(content: JsonObject) -> bool:
    level: list[Any] = [content]
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for container in level:
            items = container.values() if isinstance(container, dict) else container
            below.extend(item for item in items if isinstance(item, (dict, list)))
        if not below:
            return False
        level = below
    return True
