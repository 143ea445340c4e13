"""A model's numbers under GGUF keys, from config.json; in the order of llama.cpp's ``convert_hf_to_gguf``."""

from __future__ import annotations

from octavo.engine.checkpoint.field_values import float32_field
from octavo.engine.checkpoint.hf_config import Config, Rope, read_rope
from octavo.engine.checkpoint.hf_families import Family
from octavo.engine.checkpoint.model import Field
from octavo.engine.checkpoint.refusals import shown, unreadable, unsupported
from octavo.engine.errors import UnsupportedModel

_GEMMA3_PERIOD = 6
_MAX_HEAD_SIZE = 1 << 16
_GEMMA3_27B_LAYERS = 62
_YARN = {
    "extrapolation_factor": "yarn_ext_factor",
    "attention_factor": "yarn_attn_factor",
    "beta_fast": "yarn_beta_fast",
    "beta_slow": "yarn_beta_slow",
}


def head_size(config: Config, family: Family) -> int:
    """Numbers in one attention head."""
    if config.value("head_dim") is not None:
        size = config.integer("head_dim")
    else:
        n_heads = config.integer("num_attention_heads")
        if not n_heads or config.integer("hidden_size") % n_heads:
            raise unreadable(config.path, "its heads do not divide its width.")
        size = config.integer("hidden_size") // n_heads
    if not 1 <= size <= _MAX_HEAD_SIZE:
        raise unreadable(config.path, f"its heads claim a size of {size}.")
    return size


def parameter_fields(config: Config, family: Family, file_type: int) -> dict[str, Field]:
    """The architecture's fields, the file type among them."""
    _check(config, family)
    name = family.architecture
    rope = read_rope(config, family.rope_base, family.rope_base_local)
    n_heads = config.integer("num_attention_heads")
    fields = {
        f"{name}.block_count": _count(config.integer("num_hidden_layers")),
        f"{name}.context_length": _count(config.integer("max_position_embeddings")),
        f"{name}.embedding_length": _count(config.integer("hidden_size")),
        f"{name}.feed_forward_length": _count(config.integer("intermediate_size")),
        f"{name}.attention.head_count": _count(n_heads),
        f"{name}.attention.head_count_kv": _count(config.integer("num_key_value_heads", n_heads)),
    }
    fields |= _rope_fields(config, family, rope)
    fields[f"{name}.attention.layer_norm_rms_epsilon"] = float32_field(config.real("rms_norm_eps"))
    if family.has_experts:
        fields[f"{name}.expert_count"] = _count(_n_experts(config))
        fields[f"{name}.expert_used_count"] = _count(config.integer("num_experts_per_tok"))
    # Qwen2 alone has no such setting: its heads divide its width.
    if name != "qwen2" or config.value("head_dim") is not None:
        fields[f"{name}.attention.key_length"] = _count(head_size(config, family))
        fields[f"{name}.attention.value_length"] = _count(head_size(config, family))
    fields["general.file_type"] = _count(file_type)
    if name == "llama":
        fields["llama.vocab_size"] = _count(config.integer("vocab_size"))
        fields["llama.rope.dimension_count"] = _count(head_size(config, family))
    if name == "qwen3moe":
        fields["qwen3moe.expert_feed_forward_length"] = _count(config.integer("moe_intermediate_size"))
        if not config.flag("norm_topk_prob"):
            # llama.cpp takes this for granted and neither writes nor reads it.
            fields["qwen3moe.expert_weights_norm"] = Field("bool", False)
    if name == "gemma3":
        if config.value("final_logit_softcapping"):
            fields["gemma3.final_logit_softcapping"] = float32_field(config.real("final_logit_softcapping"))
        if config.value("sliding_window_pattern") != 1:
            fields["gemma3.attention.sliding_window"] = _count(config.integer("sliding_window"))
    return fields


def _n_experts(config: Config) -> int:
    """Transformers 5 writes ``num_local_experts`` for every family, 4 had a name for each."""
    return config.integer("num_local_experts", config.integer("num_experts", 128))


def _rope_fields(config: Config, family: Family, rope: Rope) -> dict[str, Field]:
    name = family.architecture
    fields: dict[str, Field] = {}
    if rope.kind in ("linear", "yarn"):
        fields[f"{name}.rope.scaling.type"] = Field("string", rope.kind)
        fields[f"{name}.rope.scaling.factor"] = float32_field(rope.number("factor", 1.0))
    if rope.kind == "yarn":
        trained = rope.number("original_max_position_embeddings", config.integer("max_position_embeddings"))
        fields[f"{name}.rope.scaling.original_context_length"] = _count(int(trained))
        for given, key in _YARN.items():
            if given in rope.numbers:
                fields[f"{name}.rope.scaling.{key}"] = float32_field(rope.numbers[given])
    fields[f"{name}.rope.freq_base"] = float32_field(rope.base)
    if name == "gemma3":
        fields[f"{name}.rope.freq_base_swa"] = float32_field(rope.local_base)
    return fields


def _check(config: Config, family: Family) -> None:
    """Refuse what GGUF's architecture of that name cannot express."""
    if config.value("quantization_config") is not None:
        given = config.value("quantization_config")
        method = given.get("quant_method") if isinstance(given, dict) else None
        raise _unsupported(
            config, f"folders quantized already ({shown(str(method or 'unknown method'), 30)})"
        )
    activation = config.text("hidden_activation", config.text("hidden_act"))
    if activation not in family.activations:
        raise _unsupported(config, f"the activation '{shown(activation)}' in {family.architecture} models")
    kind = read_rope(config, family.rope_base, family.rope_base_local).kind
    if kind not in ("default", "linear", "yarn") and (kind, family.architecture) != ("llama3", "llama"):
        raise _unsupported(config, f"position scaling of the kind '{kind}'")
    if family.architecture == "gemma3":
        _check_gemma3(config, family)
    if config.value("mlp_only_layers") or config.integer("decoder_sparse_step", 1) != 1:
        raise _unsupported(config, f"{family.architecture} models with experts in some layers alone")


def _check_gemma3(config: Config, family: Family) -> None:
    n_layers = config.integer("num_hidden_layers")
    if config.value("attn_logit_softcapping") is not None:
        raise _unsupported(config, "capped attention in gemma3 models")
    if config.flag("use_bidirectional_attention"):
        raise _unsupported(config, "gemma3 models that look ahead (embedding models)")
    size, n_heads = head_size(config, family), config.integer("num_attention_heads")
    width = config.integer("hidden_size") / n_heads if n_layers == _GEMMA3_27B_LAYERS else size
    if config.real("query_pre_attn_scalar") != width:
        raise _unsupported(config, "gemma3 models with this attention scale")
    kinds = config.value("layer_types")
    usual = [layer % _GEMMA3_PERIOD < _GEMMA3_PERIOD - 1 for layer in range(min(n_layers, 1 << 16))]
    if isinstance(kinds, list) and [kind == "sliding_attention" for kind in kinds] != usual:
        raise _unsupported(config, "gemma3 models with this order of layers")
    if config.value("sliding_window_pattern") not in (None, 1, _GEMMA3_PERIOD):
        raise _unsupported(config, "gemma3 models with this order of layers")


def _unsupported(config: Config, what: str) -> UnsupportedModel:
    return unsupported(config.path.parent, f"{what} are not supported yet.")


def _count(value: int) -> Field:
    return Field("uint32", value)
