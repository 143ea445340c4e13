"""How a chat is answered: kept with it, and under a name as a preset.

Written as JSON; what a file from elsewhere says wrongly, or another version added, counts as not set.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_type_hints

import msgspec

Overflow = Literal["stop", "drop_oldest"]


@dataclass(frozen=True)
class ChatSettings:
    """Everything that an answer depends on beside the conversation and the model.

    Parameters
    ----------
    system_prompt : str
    temperature, top_k, top_p, min_p, repeat_penalty, seed
        As in ``inference.sampling.Sampling``.
    max_tokens : int
        Longest answer, tokens; 0 means until the context is full.
    stop_texts : tuple of str
        The answer ends before the first of these.
    template : str
        Jinja source of a chat template to use instead of the model's; empty for the model's.
    context_tokens : int
        0 for what the program's settings say.
    kv_type : str
        ``f16``, ``q8_0``, or empty for what the program's settings say.
    overflow : str
        What happens when the conversation outgrows the context: ``stop``, or ``drop_oldest`` turns.
    """

    system_prompt: str = ""
    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    seed: int | None = None
    max_tokens: int = 0
    stop_texts: tuple[str, ...] = ()
    template: str = ""
    context_tokens: int = 0
    kv_type: Literal["", "f16", "q8_0"] = ""
    overflow: Overflow = "stop"

    @property
    def sampling(self) -> dict[str, float | int | None]:
        """The fields of ``inference.sampling.Sampling``."""
        return {
            "temperature": self.temperature,
            "top_k": self.top_k,
            "top_p": self.top_p,
            "min_p": self.min_p,
            "repeat_penalty": self.repeat_penalty,
            "seed": self.seed,
        }


def settings_json(settings: ChatSettings) -> str:
    """The settings as a JSON object."""
    return json.dumps(asdict(settings), ensure_ascii=False)


def read_chat_settings(document: Mapping[str, Any] | str) -> ChatSettings:
    """Settings from JSON or its object; what is missing, unknown or of the wrong type counts as not set."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except (ValueError, RecursionError):
            document = {}
    if not isinstance(document, Mapping):
        return ChatSettings()
    types = get_type_hints(ChatSettings)
    values = {}
    for field in fields(ChatSettings):
        if field.name in document:
            with contextlib.suppress(msgspec.ValidationError):
                values[field.name] = msgspec.convert(document[field.name], types[field.name])
    return ChatSettings(**values)
