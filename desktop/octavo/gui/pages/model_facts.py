"""A model in words: the line under its name, and the table of its facts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from octavo.gui.wording import byte_count, context, count, moment, parameters
from octavo.gui.workspace import Model


def about(model: Model) -> str:
    """``3.2B params · 128K context``."""
    entry = model.entry
    n_parameters, tokens = entry.parameters, entry.context_length
    if model.card is not None:
        n_parameters, tokens = model.card.n_parameters, model.card.hyperparameters.context_length
    if not n_parameters:
        return "" if model.problem else "Reading…"
    return f"{parameters(n_parameters)} params · {context(tokens)} context"


def source_words(model: Model) -> str:
    """Who keeps it: ``LM Studio``, ``in models``, ``added by you``."""
    source = model.entry.source
    if source == "Added":
        return "added by you"
    if source == "Folder":
        return f"in {Path(model.path).parent.name}"
    return "" if model.is_demo else source


def source_line(model: Model) -> str:
    """``Safetensors folder · BF16 · 6.4 GB · 255 tensors``."""
    if model.card is None:
        return "Reading…"
    kind = "Safetensors folder" if model.is_folder else "GGUF file"
    n_tensors = f"{count(len(model.card.tensors))} tensors"
    return " · ".join([kind, model.type_name, byte_count(model.n_bytes), n_tensors])


def facts(model: Model, now: datetime) -> list[tuple[str, str]]:
    """What the details panel lists."""
    card = model.card
    if card is None:
        return []
    shape = card.hyperparameters
    bits = 8 * sum(each.n_bytes for each in card.tensors) / max(card.n_parameters, 1)
    return [
        ("Architecture", shape.architecture),
        ("Parameters", _all_and_used(card.n_parameters, card.n_active_parameters)),
        ("Layers", count(shape.n_layers)),
        ("Vocabulary", count(shape.n_vocabulary)),
        ("Attention heads", _heads(shape.n_heads, shape.n_kv_heads)),
        ("Weights stored as", f"{card.type_name} · {bits:.1f} bits"),
        ("Chat template", "Built in" if card.has_chat_template else "None"),
        _keeper(model),
        ("Changed", _changed(model.path, now)),
    ]


def _keeper(model: Model) -> tuple[str, str]:
    if model.entry.source in ("Added", "Folder"):
        return "Folder", str(Path(model.path).parent)
    return "Kept by", model.entry.source


def _all_and_used(total: int, active: int) -> str:
    """``30.5 B``; with how many a token meets where there are experts."""
    return parameters(total) if active == total else f"{parameters(total)} · {parameters(active)} active"


def _heads(heads: tuple[int, ...], kv_heads: tuple[int, ...]) -> str:
    if not heads:
        return "—"
    return f"{max(heads)} ({max(kv_heads)} KV)" if kv_heads else str(max(heads))


def _changed(path: str, now: datetime) -> str:
    try:
        return moment(datetime.fromtimestamp(Path(path).stat().st_mtime), now)
    except OSError:  # the file went away; the next opening says so
        return "—"
