"""Make the tiny models of ``tests/data/families`` with transformers, and say what llama.cpp makes of them.

Run from the root of the repository in an environment with torch, transformers, safetensors, gguf and sentencepiece::

    python -m tests.tools.tiny_family --llama-cpp SOURCES --quantize LLAMA_QUANTIZE [NAME ...]

For each name it writes a folder: the model in bfloat16 with random weights, ``logits.npy`` (float32, of ``KEPT`` tokens
of a short and of a long text, computed in float32) and ``expected.json``: the ids, the fields of llama.cpp's
``convert_hf_to_gguf``, and the types and SHA-256 of all tensors after ``llama-quantize``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers
from tests.fixtures import vocabularies
from tests.fixtures.vocabularies import CHAT_TEMPLATE, GEMMA_TEMPLATE
from tests.tools.tiny_rows import ROWS, Row

DATA = Path(__file__).parents[1] / "data" / "families"
SHORT, LONG = 24, 96  # tokens; windows and the contexts that were trained lie between them
KEPT = (4, 12)
KINDS = ("Q8_0", "Q4_K_M")
# llama.cpp knows pre-tokenizers by a hash of their results, which sees the vocabulary too.
_CONVERT = """
import runpy, sys
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/gguf-py"]
import conversion.base
pre = sys.argv[2]
conversion.base.TextModel.get_vocab_base_pre = lambda self, tokenizer: pre
sys.argv[:3] = [sys.argv[1] + "/convert_hf_to_gguf.py"]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def make_model(row: Row, folder: Path) -> None:
    """Write the model and its tokenizer."""
    is_spm = row.pre == "default"
    vocabulary = vocabularies.sentencepiece() if is_spm else vocabularies.byte_level_bpe()
    torch.manual_seed(0)
    numbers = {
        "vocab_size": len(vocabulary.tokens),
        "bos_token_id": vocabulary.bos,
        "eos_token_id": vocabulary.eos,
        "pad_token_id": None,
    } | row.numbers
    kind = getattr(transformers, row.config)
    if row.vision:
        tied = numbers["tie_word_embeddings"]
        config = kind(text_config=numbers, vision_config=row.vision, tie_word_embeddings=tied)
    else:
        config = kind(**numbers)
    model = getattr(transformers, row.model)(config)
    for name, weights in model.named_parameters():
        if weights.ndim == 1:
            weights.data = 0.1 * torch.randn_like(weights)
            if "norm" in name and row.centre:
                weights.data += row.centre
        elif "embed" in name:
            weights.data = torch.randn_like(weights)
        else:
            weights.data = torch.randn_like(weights) / weights.shape[-1] ** 0.5
    model.to(torch.bfloat16).save_pretrained(folder)
    for made in ("generation_config.json",):
        (folder / made).unlink(missing_ok=True)
    template = GEMMA_TEMPLATE if is_spm else CHAT_TEMPLATE
    vocabularies.write_tokenizer(folder, vocabulary, row.pre, template)
    if is_spm and row.centre:
        begin_with_space(folder / "tokenizer.json")


def begin_with_space(path: Path) -> None:
    """Let a text begin with a space, as all SentencePiece tokenizers do but Gemma's."""
    content = json.loads(path.read_text(encoding="utf-8"))
    prepend = {"type": "Prepend", "prepend": vocabularies.SPACE}
    content["normalizer"] = {"type": "Sequence", "normalizers": [prepend, content["normalizer"]]}
    strip = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
    content["decoder"]["decoders"].append(strip)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def some_ids(n_vocabulary: int) -> list[int]:
    """Random tokens, the same for all families of one vocabulary."""
    return np.random.default_rng(0).integers(0, n_vocabulary, LONG).tolist()


def true_logits(row: Row, folder: Path, ids: list[int]) -> np.ndarray:
    """The logits of the last tokens of the short text, then of the long one: float32[4 + 12, vocabulary]."""
    kind = getattr(transformers, row.model)
    model = kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    parts = []
    with torch.no_grad():
        for length, kept in zip((SHORT, LONG), KEPT, strict=True):
            logits = model(torch.tensor([ids[:length]]), use_cache=False).logits[0, -kept:]
            parts.append(logits.numpy())
    return np.concatenate(parts).astype(np.float32)


def peer_result(row: Row, folder: Path, sources: Path, quantize: Path) -> dict[str, object]:
    """What llama.cpp makes of the folder."""
    sys.path.insert(0, str(sources / "gguf-py"))
    import gguf

    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / folder.name
        shutil.copytree(folder, copy)
        config = json.loads((copy / "tokenizer_config.json").read_text())
        config["tokenizer_class"] = row.tokenizer_class
        (copy / "tokenizer_config.json").write_text(json.dumps(config))
        plain = Path(scratch) / "plain.gguf"
        arguments = [sys.executable, "-c", _CONVERT, str(sources), row.pre, str(copy)]
        subprocess.run([*arguments, "--outfile", str(plain), "--outtype", "bf16"], check=True)
        reader = gguf.GGUFReader(plain)
        fields = {key: field for key, field in reader.fields.items() if not key.startswith("GGUF.")}
        found["keys"] = list(fields)
        found["fields"] = {
            key: field.contents()
            for key, field in fields.items()
            if field.types[0] != gguf.GGUFValueType.ARRAY
        }
        for kind in KINDS:
            file = Path(scratch) / f"{kind}.gguf"
            subprocess.run([str(quantize), str(plain), str(file), kind], check=True, capture_output=True)
            digest = hashlib.sha256()
            tensors = gguf.GGUFReader(file).tensors
            for tensor in tensors:
                digest.update(tensor.data.tobytes())
            found[kind] = {
                "types": {tensor.name: tensor.tensor_type.name for tensor in tensors},
                "sha256": digest.hexdigest(),
            }
    return found


def main() -> None:
    """Make the named families, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--llama-cpp", type=Path, required=True)
    parser.add_argument("--quantize", type=Path, required=True)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    for name in given.names or ROWS:
        row = ROWS[name]
        folder = DATA / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make_model(row, folder)
        config = json.loads((folder / "config.json").read_text())
        ids = some_ids(config.get("text_config", config)["vocab_size"])
        np.save(folder / "logits.npy", true_logits(row, folder, ids))
        expected = {"ids": ids} | peer_result(row, folder, given.llama_cpp, given.quantize)
        (folder / "expected.json").write_text(json.dumps(expected, default=np.generic.item) + "\n")
        print(name, sum(each.stat().st_size for each in folder.iterdir()))


if __name__ == "__main__":
    main()
