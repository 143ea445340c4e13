"""Write a 1.1 B model with random weights as an F16 GGUF: speed depends on the shape alone.

The shape is TinyLlama's, or with ``--experts`` one like Qwen3-30B-A3B's, of which a token uses 0.2 B; the
vocabulary is made up (three control tokens, 256 bytes, numbered words).
Bring it to the types to be measured with ``octavo convert`` or ``llama-quantize``::

    python tests/benchmarks/random_model.py rand-1.1b-F16.gguf
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Shape:
    """The sizes of a llama; the defaults are TinyLlama-1.1B's. With experts, those of a qwen3moe."""

    n_layers: int = 22
    width: int = 2048
    ffn_width: int = 5632
    n_heads: int = 32
    n_kv_heads: int = 4
    n_vocabulary: int = 32_000
    context_tokens: int = 2048
    head_size: int = 64
    n_experts: int = 0
    n_experts_used: int = 8

    @property
    def kv_width(self) -> int:
        """Width of the keys of one token, over all heads."""
        return self.head_size * self.n_kv_heads


MIXTURE = Shape(
    n_layers=10, width=1024, ffn_width=512, n_heads=16, head_size=128, n_experts=64
)  # 1.1 B in all


def tensors(shape: Shape) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Name every tensor with its shape [experts, rows, columns], [rows, columns], or [columns] of a norm."""
    width, kv_width, ffn_width = shape.width, shape.kv_width, shape.ffn_width
    q_width = shape.n_heads * shape.head_size
    experts, suffix = ((shape.n_experts,), "_exps") if shape.n_experts else ((), "")
    yield "token_embd.weight", (shape.n_vocabulary, width)
    for layer in range(shape.n_layers):
        prefix = f"blk.{layer}."
        yield prefix + "attn_norm.weight", (width,)
        yield prefix + "attn_q.weight", (q_width, width)
        yield prefix + "attn_k.weight", (kv_width, width)
        yield prefix + "attn_v.weight", (kv_width, width)
        yield prefix + "attn_output.weight", (width, q_width)
        yield prefix + "ffn_norm.weight", (width,)
        if experts:
            yield prefix + "attn_q_norm.weight", (shape.head_size,)
            yield prefix + "attn_k_norm.weight", (shape.head_size,)
            yield prefix + "ffn_gate_inp.weight", (shape.n_experts, width)
        yield f"{prefix}ffn_gate{suffix}.weight", (*experts, ffn_width, width)
        yield f"{prefix}ffn_up{suffix}.weight", (*experts, ffn_width, width)
        yield f"{prefix}ffn_down{suffix}.weight", (*experts, width, ffn_width)
    yield "output_norm.weight", (width,)
    yield "output.weight", (shape.n_vocabulary, width)


def is_float32(name: str) -> bool:
    """Whether a tensor stays in float32, as converters keep norms and routers."""
    return name.endswith(("_norm.weight", "ffn_gate_inp.weight"))


def weights(
    name: str, size: tuple[int, ...], deviation: float, generator: np.random.Generator
) -> NDArray[np.float16] | NDArray[np.float32]:
    """Draw one tensor: gaussian, float16 but for a router; ones as float32[columns] for a norm."""
    if len(size) == 1:
        return np.ones(size, np.float32)
    values = generator.standard_normal(size, np.float32)
    values *= np.float32(deviation)
    return values if is_float32(name) else values.astype(np.float16)


def add_vocabulary(writer: gguf.GGUFWriter, n_tokens: int) -> None:
    """Give the file a SentencePiece vocabulary that can encode any text, through its bytes."""
    control = ["<unk>", "<s>", "</s>"]
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    words = [f"▁w{number}" for number in range(n_tokens - len(control) - len(byte_tokens))]
    kinds = [gguf.TokenType.UNKNOWN] + [gguf.TokenType.CONTROL] * 2
    kinds += [gguf.TokenType.BYTE] * len(byte_tokens) + [gguf.TokenType.NORMAL] * len(words)
    scores = [0.0] * (len(control) + len(byte_tokens)) + [-float(rank) for rank in range(len(words))]
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(control + byte_tokens + words)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)


def write(path: Path, shape: Shape, deviation: float, seed: int) -> None:
    """Write the model to ``path``, one tensor in memory at a time."""
    kind = "qwen3moe" if shape.n_experts else "llama"
    writer = gguf.GGUFWriter(path, kind)
    writer.add_name(f"random {kind}, seed {seed}")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_context_length(shape.context_tokens)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.n_layers)
    writer.add_feed_forward_length(shape.ffn_width)
    writer.add_head_count(shape.n_heads)
    writer.add_head_count_kv(shape.n_kv_heads)
    writer.add_rope_dimension_count(shape.head_size)
    if shape.n_experts:
        writer.add_expert_count(shape.n_experts)
        writer.add_expert_used_count(shape.n_experts_used)
        writer.add_expert_feed_forward_length(shape.ffn_width)
        writer.add_key_length(shape.head_size)
        writer.add_value_length(shape.head_size)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(shape.n_vocabulary)
    add_vocabulary(writer, shape.n_vocabulary)

    for name, size in tensors(shape):
        number = np.dtype(np.float32 if is_float32(name) else np.float16)
        writer.add_tensor_info(name, size, number, int(np.prod(size)) * number.itemsize)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    generator = np.random.default_rng(seed)
    for name, size in tensors(shape):
        writer.write_tensor_data(weights(name, size, deviation, generator))
    writer.close()


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--experts", action="store_true", help="a mixture of experts instead of a llama")
    parser.add_argument("--layers", type=int, default=0, help="fewer layers for a quick try")
    parser.add_argument("--deviation", type=float, default=0.02, help="of the gaussian weights")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    shape = MIXTURE if arguments.experts else Shape()
    shape = replace(shape, n_layers=arguments.layers or shape.n_layers)
    write(arguments.output, shape, arguments.deviation, arguments.seed)


if __name__ == "__main__":
    main()
