"""A model's numbers under GGUF keys, from config.json; in the order of llama.cpp's ``convert_hf_to_gguf``."""

from __future__ import annotations

import math

from octavo.engine.checkpoint.families.family import Family, Fields, count, refuse
from octavo.engine.checkpoint.field_values import float32_field
from octavo.engine.checkpoint.hf_config import Config, Rope, head_size, read_rope
from octavo.engine.checkpoint.hyperparameters import yarn_magnitude
from octavo.engine.checkpoint.model import Field
from octavo.engine.checkpoint.refusals import shown

_YARN = {
    "extrapolation_factor": "yarn_ext_factor",
    "beta_fast": "yarn_beta_fast",
    "beta_slow": "yarn_beta_slow",
}


def parameter_fields(config: Config, family: Family, file_type: int) -> Fields:
    """The architecture's fields, the file type among them."""
    _check(config, family)
    name = family.architecture
    rope = read_rope(config, family.rope_base, family.rope_base_local)
    n_heads = config.integer("num_attention_heads")
    fields = {
        f"{name}.block_count": count(config.integer("num_hidden_layers")),
        f"{name}.context_length": count(config.integer("max_position_embeddings")),
        f"{name}.embedding_length": count(config.integer("hidden_size")),
        f"{name}.feed_forward_length": count(config.integer("intermediate_size")),
        f"{name}.attention.head_count": count(n_heads),
        f"{name}.attention.head_count_kv": count(config.integer("num_key_value_heads", n_heads)),
    }
    fields |= _rope_fields(config, family, rope)
    fields[f"{name}.attention.layer_norm_rms_epsilon"] = float32_field(config.real("rms_norm_eps"))
    if family.has_experts:
        fields[f"{name}.expert_count"] = count(_n_experts(config))
        fields[f"{name}.expert_used_count"] = count(config.integer("num_experts_per_tok"))
    if family.says_head_size or config.value("head_dim") is not None:
        fields[f"{name}.attention.key_length"] = count(head_size(config))
        fields[f"{name}.attention.value_length"] = count(head_size(config))
    fields["general.file_type"] = count(file_type)
    return family.fields(config, fields)


def _n_experts(config: Config) -> int:
    """Transformers 5 writes ``num_local_experts`` for every family, 4 had a name for each."""
    return config.integer("num_local_experts", config.integer("num_experts", 128))


def _rope_fields(config: Config, family: Family, rope: Rope) -> Fields:
    name = family.architecture
    fields: Fields = {}
    if rope.kind in ("linear", "yarn"):
        fields[f"{name}.rope.scaling.type"] = Field("string", rope.kind)
        fields[f"{name}.rope.scaling.factor"] = float32_field(rope.number("factor", 1.0))
    if rope.kind == "yarn":
        trained = rope.number("original_max_position_embeddings", config.integer("max_position_embeddings"))
        fields[f"{name}.rope.scaling.original_context_length"] = count(int(trained))
        for given, key in _YARN.items():
            if given in rope.numbers:
                fields[f"{name}.rope.scaling.{key}"] = float32_field(rope.numbers[given])
        if "attention_factor" in rope.numbers:
            fields |= _magnitude_field(name, rope)
    if sections := rope.lists.get("mrope_section"):
        padded = [*map(int, sections), 0, 0, 0, 0][:4]
        fields[f"{name}.rope.dimension_sections"] = Field("array", padded, "int32")
    fields[f"{name}.rope.freq_base"] = float32_field(rope.base)
    if name == "gemma3" or not family.rope_base_local:
        fields[f"{name}.rope.freq_base_swa"] = float32_field(rope.local_base)
    return fields


def _magnitude_field(name: str, rope: Rope) -> Fields:
    """Yarn's magnitude: llama.cpp has a key for it that it does not read, and reads one for how much it is off."""
    given = rope.numbers["attention_factor"]
    usual = yarn_magnitude(rope.number("factor", 1.0), rope.number("mscale_all_dim", 0.0))
    if math.isclose(given, usual, rel_tol=1e-3):
        return {f"{name}.rope.scaling.yarn_attn_factor": float32_field(given)}
    return {f"{name}.rope.scaling.attn_factor": float32_field(given / usual)}


def _check(config: Config, family: Family) -> None:
    """Refuse what GGUF's architecture of that name cannot express."""
    activation = config.text("hidden_activation", config.text("hidden_act"))
    if activation not in family.activations:
        raise refuse(config, f"the activation '{shown(activation)}' in {family.architecture} models")
    rope = read_rope(config, family.rope_base, family.rope_base_local)
    if rope.kind not in family.scalings:
        raise refuse(config, f"positions scaled in the way '{rope.kind}'")
    says_log = family.architecture == "mistral3"
    if rope.kind == "yarn" and (not rope.truncates or ("mscale_all_dim" in rope.numbers and not says_log)):
        raise refuse(config, "this kind of yarn scaling")
    family.check(config)
    if config.value("mlp_only_layers") or config.integer("decoder_sparse_step", 1) != 1:
        raise refuse(config, f"{family.architecture} models with experts in some layers alone")
