"""What ``config.json`` of a 4-bit folder says: the source's, and how the weights are packed."""

from __future__ import annotations

import json
from pathlib import Path

from octavo.engine.checkpoint.folder_layouts import AWQ
from octavo.engine.checkpoint.json_files import JsonObject, read_json


def quantized_config(folder: Path, layout: str, group: int, has_experts: bool) -> bytes:
    """The text of ``config.json`` for a folder made of ``folder``."""
    content = read_json(folder / "config.json")
    for each in (content, content.get("text_config")):
        if isinstance(each, dict):
            each["dtype" if "dtype" in each else "torch_dtype"] = "float16"
    scheme = _awq(group, has_experts) if layout == AWQ else _compressed(group, has_experts)
    return json.dumps(content | {"quantization_config": scheme}, indent=2).encode() + b"\n"


def _awq(group: int, has_experts: bool) -> JsonObject:
    return {
        "quant_method": "awq",
        "bits": 4,
        "group_size": group,
        "zero_point": True,
        "version": "gemm",
        "modules_to_not_convert": ["gate"] if has_experts else None,  # the router
    }


def _compressed(group: int, has_experts: bool) -> JsonObject:
    weights = {
        "num_bits": 4,
        "type": "int",
        "symmetric": True,
        "strategy": "group",
        "group_size": group,
        "dynamic": False,
    }
    return {
        "quant_method": "compressed-tensors",
        "format": "pack-quantized",
        "quantization_status": "compressed",
        "ignore": ["lm_head", r"re:.*\.gate$"] if has_experts else ["lm_head"],
        "config_groups": {
            "group_0": {
                "targets": ["Linear"],
                "weights": weights,
                "input_activations": None,
                "output_activations": None,
            }
        },
    }
