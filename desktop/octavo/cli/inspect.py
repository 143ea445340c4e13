"""``octavo inspect``: what a model is, from its header alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from octavo.cli import figures
from octavo.cli.options import AsJson, Model, model_path
from octavo.cli.output import print_facts, print_json

if TYPE_CHECKING:
    from octavo.engine.checkpoint.model import ModelCard


def inspect(model: Model, as_json: AsJson = False) -> None:
    """Show what a model is: its size, its shape, its number formats, and anything odd about it."""
    from octavo.engine.checkpoint.open import open_checkpoint

    checkpoint = open_checkpoint(model_path(model))
    try:
        card = checkpoint.card
    finally:
        checkpoint.close()
    if as_json:
        print_json(description(card))
    else:
        print_facts(_facts(card))


def description(card: ModelCard) -> dict[str, Any]:  # JSON values
    """The card as the JSON object that the command prints."""
    shape = card.hyperparameters
    return {
        "path": card.path,
        "name": card.name,
        "container": card.container,
        "type": card.type_name,
        "architecture": shape.architecture,
        "parameters": card.n_parameters,
        "active_parameters": card.n_active_parameters,
        "file_bytes": card.file_bytes,
        "tensors": len(card.tensors),
        "types": _types(card),
        "context_length": shape.context_length,
        "layers": shape.n_layers,
        "embedding": shape.n_embedding,
        "experts": shape.n_experts,
        "experts_used": shape.n_experts_used,
        "heads": list(shape.n_heads),
        "kv_heads": list(shape.n_kv_heads),
        "vocabulary": shape.n_vocabulary,
        "tokenizer": card.tokenizer,
        "chat_template": card.has_chat_template,
        "problems": card.problems,
    }


def _types(card: ModelCard) -> dict[str, int]:
    return dict(Counter(tensor.block_type.name for tensor in card.tensors).most_common())


def _facts(card: ModelCard) -> list[tuple[str, str]]:
    shape = card.hyperparameters
    types = ", ".join(f"{name} in {n}" for name, n in _types(card).items())
    facts = [
        ("Name", card.name),
        ("Path", card.path),
        ("Architecture", shape.architecture),
        ("Parameters", _parameters(card)),
        ("Type", f"{card.type_name}, {8 * card.file_bytes / card.n_parameters:.2f} bits per parameter"),
        ("File", f"{figures.size(card.file_bytes)}, {card.container}"),
        ("Tensors", f"{len(card.tensors)} ({types})"),
        ("Context", f"{figures.count(shape.context_length)} tokens"),
        ("Layers", f"{shape.n_layers}, {figures.count(shape.n_embedding)} wide"),
        ("Heads", f"{_range(shape.n_heads)}, {_range(shape.n_kv_heads)} for keys and values"),
        ("Vocabulary", f"{figures.count(shape.n_vocabulary)} tokens ({card.tokenizer or 'no tokenizer'})"),
        ("Chat template", "yes" if card.has_chat_template else "no"),
    ]
    if shape.n_experts:
        each = f"{figures.count(shape.n_expert_feed_forward)} wide"
        facts.insert(9, ("Experts", f"{shape.n_experts} in each layer, {shape.n_experts_used} used, {each}"))
    return facts + [("Problem", problem) for problem in card.problems]


def _parameters(card: ModelCard) -> str:
    total, active = card.n_parameters, card.n_active_parameters
    used = f", {figures.parameters(active)} of them for each token" if active < total else ""
    return figures.parameters(total) + used


def _range(numbers: tuple[int, ...]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"
