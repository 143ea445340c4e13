"""Folders that are quantized already: which layout they have, and the tensors that make up a matrix in one."""

from __future__ import annotations

from pathlib import Path

from octavo.engine.checkpoint import fp8_folder, int4_awq, int4_compressed
from octavo.engine.checkpoint.hf_config import Config
from octavo.engine.checkpoint.int4_awq import TurnedMatrices, awq_entry
from octavo.engine.checkpoint.int4_compressed import compressed_entry
from octavo.engine.checkpoint.int4_parts import Parts, Sources
from octavo.engine.checkpoint.refusals import shown, unreadable, unsupported
from octavo.engine.checkpoint.safetensors_header import Entry
from octavo.engine.checkpoint.source_file import SourceFile

NAMES = {"awq": "AWQ", "compressed-tensors": "W4A16", "fp8": "FP8"}
"""What people call each method; ``fp8`` may be one of the compressed-tensors."""
_CHECKS = {
    "awq": int4_awq.check_scheme,
    "compressed-tensors": int4_compressed.check_scheme,
    "fp8": fp8_folder.check_scheme,
}
_SUFFIXES = {"awq": int4_awq.SUFFIXES, "compressed-tensors": int4_compressed.SUFFIXES}


def quant_method(config: Config) -> str:
    """How the folder is quantized: a key of ``NAMES``, or empty if it is not.

    Raises
    ------
    UnsupportedModel
        In a way that cannot be read.
    """
    given = config.value("quantization_config")
    if given is None:
        return ""
    method = given.get("quant_method") if isinstance(given, dict) else None
    if method not in _CHECKS:
        raise unsupported(
            config.path.parent,
            f"folders quantized already ({shown(str(method or 'unknown method'), 30)}) are not supported yet.",
            "Supported are AWQ and compressed-tensors of 4 bits, and FP8.",
        )
    if method == "compressed-tensors" and fp8_folder.is_fp8(given):
        fp8_folder.check_compressed(config, given)
        return "fp8"
    _CHECKS[method](config, given)
    return str(method)


def joined_matrices(folder: Path, method: str, sources: Sources) -> Sources:
    """The folder's tensors with those that make up one matrix shown as it; nothing changes without a method."""
    if not method:
        return sources
    if method == "fp8":
        return fp8_folder.joined_fp8(folder, sources)
    parts, turned = Parts(folder, sources), TurnedMatrices()
    main, *others = _SUFFIXES[method]
    result: dict[str, tuple[SourceFile, Entry]] = {}
    for name, source in sources.items():
        stem, _, suffix = name.rpartition(".")
        if suffix in others and f"{stem}.{main}" in sources:
            continue
        if suffix != main:
            result[name] = source
            continue
        entry = awq_entry(parts, stem, turned) if method == "awq" else compressed_entry(parts, stem)
        if f"{stem}.weight" in sources:
            raise unreadable(folder, f"the tensor {shown(stem)}.weight is there twice.")
        result[f"{stem}.weight"] = (source[0], entry)
    return result
