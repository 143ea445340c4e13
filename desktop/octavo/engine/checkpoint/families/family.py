"""What one family of Hugging Face models is: names of its tensors, what it assumes, what GGUF keeps of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from octavo.engine.checkpoint.hf_config import Config
from octavo.engine.checkpoint.model import Field
from octavo.engine.checkpoint.refusals import unsupported
from octavo.engine.errors import UnsupportedModel

Fields = dict[str, Field]
SILU = ("silu", "swish")
GELU = ("gelu_pytorch_tanh",)

ATTENTION = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
}
FEED_FORWARD = {
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
HEAD_NORMS = {"self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm"}
PRE_NORMS = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}
LAYER = ATTENTION | FEED_FORWARD | PRE_NORMS


def accept(config: Config) -> None:
    """Refuse nothing."""


def unchanged(config: Config, fields: Fields) -> Fields:
    """The fields as they are."""
    return fields


@dataclass(frozen=True)
class Family:
    """One architecture as transformers knows it.

    Parameters
    ----------
    architecture : str
        GGUF's name.
    layer_names : mapping of str to str
        Parts of a layer: Hugging Face's name to GGUF's.
    activations : tuple of str
    defaults : mapping
        Values of config.json that its configuration class assumes.
    pairs_rows : bool
        Whether rows of q and k are reordered so that the two numbers rotated together are neighbours.
    norm_shift : float
        What the family's norms add to their weights.
    rope_base, rope_base_local : float
        The second is of layers with a window; 0 stands for the first.
    scalings : tuple of str
        Kinds of position scaling that its GGUF architecture can express.
    check : callable
        ``check(config)`` refuses what GGUF's architecture of that name cannot express.
    fields : callable
        ``fields(config, usual)`` gives the architecture's fields in the order of llama.cpp's converter.
    says_head_size : bool
        Whether GGUF is told the size of a head even where config.json says nothing.
    keeps_prefix_flag : bool
        Whether GGUF is told the tokenizer's ``add_prefix_space``.
    tokens : mapping of str to int
        Special tokens that the family's vocabulary has, but that its folders do not name.
    is_always_tied : bool
        Whether the embedding is the output matrix whatever config.json says.
    """

    architecture: str
    layer_names: Mapping[str, str]
    activations: tuple[str, ...]
    defaults: Mapping[str, Any]
    pairs_rows: bool = False
    norm_shift: float = 0.0
    rope_base: float = 10000.0
    rope_base_local: float = 10000.0
    scalings: tuple[str, ...] = ("default", "linear", "yarn")
    check: Callable[[Config], None] = accept
    fields: Callable[[Config, Fields], Fields] = unchanged
    says_head_size: bool = True
    keeps_prefix_flag: bool = False
    tokens: Mapping[str, int] = field(default_factory=dict)
    is_always_tied: bool = False

    @property
    def has_experts(self) -> bool:
        """Whether its layers choose among several feed-forward networks."""
        return "ffn_gate_inp" in self.layer_names.values()


def refuse(config: Config, what: str) -> UnsupportedModel:
    """The error that says what of a model is not supported."""
    return unsupported(config.path.parent, f"{what} are not supported yet.")


def count(value: int) -> Field:
    """An integer as GGUF keeps numbers of a model."""
    return Field("uint32", value)


def in_order(fields: Fields, keys: Sequence[str]) -> Fields:
    """Those of ``fields`` whose keys, without the architecture, are in ``keys``; in that order."""
    by_key = {key if key.startswith("general.") else key.partition(".")[2]: key for key in fields}
    return {by_key[key]: fields[by_key[key]] for key in keys if key in by_key}
