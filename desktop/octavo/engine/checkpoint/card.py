"""The card of an open checkpoint: what people and estimates want to know, without the weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from octavo.engine.checkpoint.gguf_bytes import header_bytes
from octavo.engine.checkpoint.model import Field, Hyperparameters, ModelCard, TensorInfo
from octavo.engine.checkpoint.outgoing import outgoing_fields

FILE_TYPES = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    19: "IQ2_XXS",
    20: "IQ2_XS",
    21: "Q2_K_S",
    22: "IQ3_XS",
    23: "IQ3_XXS",
    24: "IQ1_S",
    25: "IQ4_NL",
    26: "IQ3_S",
    27: "IQ3_M",
    28: "IQ2_S",
    29: "IQ2_M",
    30: "IQ4_XS",
    31: "IQ1_M",
    32: "BF16",
    36: "TQ1_0",
    37: "TQ2_0",
}
"""Names of ``general.file_type`` (``llama.h``, enum ``llama_ftype``)."""

_GUESSED = 1024


def make_card(
    path: Path,
    container: str,
    fields: Mapping[str, Field],
    tensors: Sequence[TensorInfo],
    hyperparameters: Hyperparameters,
    *,
    file_bytes: int,
    tokenizer: str,
    unused: Sequence[str] = (),
) -> ModelCard:
    """Describe a model; ``metadata_bytes`` is exact for a file that a conversion writes.

    Parameters
    ----------
    file_bytes : int
        All files together, bytes.
    tokenizer : str
        ``tokenizer.ggml.model``; empty when there is none.
    unused : sequence of str
        Names of tensors that nothing will use.
    """
    problems = [] if tokenizer else ["It has no tokenizer, so it cannot chat."]
    if unused:
        problems.append(f"{len(unused)} of its tensors are not used, for example {unused[0]}.")
    name = fields.get("general.name")
    return ModelCard(
        path=str(path),
        name=name.value if name is not None and name.kind == "string" and name.value else path.stem,
        container=container,
        type_name=type_name(fields, tensors),
        hyperparameters=hyperparameters,
        tensors=list(tensors),
        file_bytes=file_bytes,
        tokenizer=tokenizer,
        has_chat_template="tokenizer.chat_template" in fields,
        problems=problems,
        # Every result states its file type, whatever the source says.
        metadata_bytes=header_bytes(outgoing_fields(fields, 0), tensors),
    )


def type_name(fields: Mapping[str, Field], tensors: Sequence[TensorInfo]) -> str:
    """What the file calls its quantization, else the type of most weights."""
    field = fields.get("general.file_type")
    if field is not None and isinstance(field.value, int) and field.value & ~_GUESSED in FILE_TYPES:
        return FILE_TYPES[field.value & ~_GUESSED]
    counts: Counter[str] = Counter()
    for info in tensors:
        counts[info.block_type.name] += info.n_weights
    return counts.most_common(1)[0][0]
