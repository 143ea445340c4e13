"""Write a 1.1 B llama with random weights as an F16 GGUF: speed depends on the shape alone.

The shape is TinyLlama's; the vocabulary is made up (three control tokens, 256 bytes, numbered words).
Bring it to the types to be measured with ``octavo convert`` or ``llama-quantize``::

    python tests/benchmarks/random_model.py rand-1.1b-F16.gguf
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Shape:
    """The sizes of a llama; the defaults are TinyLlama-1.1B's."""

    n_layers: int = 22
    width: int = 2048
    ffn_width: int = 5632
    n_heads: int = 32
    n_kv_heads: int = 4
    n_vocabulary: int = 32_000
    context_tokens: int = 2048

    @property
    def kv_width(self) -> int:
        """Width of the keys of one token, over all heads."""
        return self.width // self.n_heads * self.n_kv_heads


def tensors(shape: Shape) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Name every tensor with its shape [rows, columns], norms as [columns]."""
    width, kv_width, ffn_width = shape.width, shape.kv_width, shape.ffn_width
    yield "token_embd.weight", (shape.n_vocabulary, width)
    for layer in range(shape.n_layers):
        prefix = f"blk.{layer}."
        yield prefix + "attn_norm.weight", (width,)
        yield prefix + "attn_q.weight", (width, width)
        yield prefix + "attn_k.weight", (kv_width, width)
        yield prefix + "attn_v.weight", (kv_width, width)
        yield prefix + "attn_output.weight", (width, width)
        yield prefix + "ffn_norm.weight", (width,)
        yield prefix + "ffn_gate.weight", (ffn_width, width)
        yield prefix + "ffn_up.weight", (ffn_width, width)
        yield prefix + "ffn_down.weight", (width, ffn_width)
    yield "output_norm.weight", (width,)
    yield "output.weight", (shape.n_vocabulary, width)


def weights(
    size: tuple[int, ...], deviation: float, generator: np.random.Generator
) -> NDArray[np.float16] | NDArray[np.float32]:
    """Draw one tensor: gaussian float16[rows, columns], or ones as float32[columns] for a norm."""
    if len(size) == 1:
        return np.ones(size, np.float32)
    values = generator.standard_normal(size, np.float32)
    values *= np.float32(deviation)
    return values.astype(np.float16)


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
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(f"random llama, seed {seed}")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_context_length(shape.context_tokens)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.n_layers)
    writer.add_feed_forward_length(shape.ffn_width)
    writer.add_head_count(shape.n_heads)
    writer.add_head_count_kv(shape.n_kv_heads)
    writer.add_rope_dimension_count(shape.width // shape.n_heads)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(shape.n_vocabulary)
    add_vocabulary(writer, shape.n_vocabulary)

    for name, size in tensors(shape):
        kind = np.dtype(np.float32 if len(size) == 1 else np.float16)
        writer.add_tensor_info(name, size, kind, int(np.prod(size)) * kind.itemsize)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    generator = np.random.default_rng(seed)
    for _, size in tensors(shape):
        writer.write_tensor_data(weights(size, deviation, generator))
    writer.close()


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--layers", type=int, default=Shape.n_layers, help="fewer layers for a quick try")
    parser.add_argument("--deviation", type=float, default=0.02, help="of the gaussian weights")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write(arguments.output, Shape(n_layers=arguments.layers), arguments.deviation, arguments.seed)


if __name__ == "__main__":
    main()
