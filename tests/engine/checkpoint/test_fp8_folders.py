"""Folders of FP8 matrices: read as BF16, by numbers worked out here one by one."""

import contextlib
import json

import numpy as np
import pytest
from safetensors.numpy import load_file
from tests.fixtures.checkpoints import write_tiny_hf_folder
from tests.fixtures.int4_folders import write_arrays
from tests.fixtures.tiny_models import Shape

from octavo.engine.blocks.codec import decode
from octavo.engine.blocks.fp8 import decode_e4m3
from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.errors import UnreadableModel, UnsupportedModel

SHAPE = Shape(n_layers=1, n_embedding=64, n_feed_forward=160, n_heads=2, n_kv_heads=1, head_size=32)
DOWN = "model.layers.0.mlp.down_proj"
BLOCKS = {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [64, 64]}
LLM_COMPRESSOR = {
    "quant_method": "compressed-tensors",
    "format": "float-quantized",
    "config_groups": {
        "group_0": {
            "weights": {"num_bits": 8, "type": "float", "strategy": "channel"},
            "input_activations": {"num_bits": 8, "type": "float", "dynamic": True},
        }
    },
}
# How the scales of rows x columns lie, and what says so.
LAYOUTS = {
    "blocks": ("weight_scale_inv", lambda rows, columns: (-(-rows // 64), -(-columns // 64)), BLOCKS),
    "rows": ("weight_scale", lambda rows, columns: (rows, 1), LLM_COMPRESSOR),
    "whole": ("weight_scale", lambda rows, columns: (1,), LLM_COMPRESSOR),
    "scalar": ("weight_scale_inv", lambda rows, columns: (), BLOCKS | {"weight_block_size": None}),
}


def write_fp8(folder, layout, *, spoil=None, config=None):
    """A tiny folder with random codes in its projections; returns its arrays."""
    name, shape_of, usual = LAYOUTS[layout]
    write_tiny_hf_folder(folder, shape=SHAPE, dtype="F32")
    random = np.random.default_rng(7)
    arrays = load_file(folder / "model.safetensors")
    for key in [each for each in arrays if "_proj" in each]:
        shape, stem = arrays[key].shape, key.removesuffix(".weight")
        codes = random.integers(0, 256, shape).astype(np.uint8)
        codes[codes & 127 == 127] = 0
        arrays[key] = codes
        arrays[f"{stem}.{name}"] = random.uniform(0.01, 0.1, shape_of(*shape)).astype(np.float32)
        arrays[f"{stem}.input_scale"] = np.ones(1, np.float32)
    if spoil is not None:
        spoil(arrays)
    write_arrays(folder / "model.safetensors", arrays)
    content = json.loads((folder / "config.json").read_text())
    content["quantization_config"] = config or usual
    (folder / "config.json").write_text(json.dumps(content))
    return arrays


def number(code):
    """What a byte means, in the words of the specification."""
    sign, exponent, mantissa = code >> 7, code >> 3 & 15, code & 7
    size = mantissa / 8 * 2**-6 if exponent == 0 else (1 + mantissa / 8) * 2.0 ** (exponent - 7)
    return -size if sign else size


def as_bf16(weights):
    """Rounded to 8 bits of mantissa, halves to even."""
    mantissa, exponent = np.frexp(weights.astype(np.float64))
    return np.ldexp(np.rint(mantissa * 256) / 256, exponent).astype(np.float32)


def test_all_codes_mean_what_the_specification_says():
    found = decode_e4m3(np.arange(256, dtype=np.uint8))

    assert [n for n in range(256) if np.isnan(found[n])] == [127, 255]
    finite = [n for n in range(256) if n & 127 != 127]
    assert found[finite].tolist() == [number(n) for n in finite]
    assert np.nanmax(found) == 448


@pytest.mark.parametrize("layout", LAYOUTS)
def test_weights_are_code_times_scale_in_bf16(layout, tmp_path):
    arrays = write_fp8(tmp_path, layout)
    codes, scales = arrays[f"{DOWN}.weight"], arrays[f"{DOWN}.{LAYOUTS[layout][0]}"]
    grid = scales.reshape(scales.shape if scales.ndim == 2 else (1, 1))
    height, width = (64 if n > 1 else size for n, size in zip(grid.shape, codes.shape, strict=True))
    height = 1 if layout == "rows" else height
    expected = np.array(
        [
            [np.float32(number(int(code))) * grid[row // height, n // width] for n, code in enumerate(each)]
            for row, each in enumerate(codes)
        ]
    )

    with contextlib.closing(open_checkpoint(tmp_path)) as found:
        info = found.tensor("blk.0.ffn_down.weight")
        raw = found.read(info.name)
        part = found.read(info.name, 17, 30)
        names = {each.name for each in found.tensors}
        assert found.card.type_name == "FP8"

    assert info.block_type == block_type("BF16")
    assert np.array_equal(decode(raw, info.block_type), as_bf16(expected))
    assert np.array_equal(part, raw[17:47])
    assert not any("scale" in name for name in names)


def test_rows_of_heads_move_as_in_other_folders(tmp_path):
    arrays = write_fp8(tmp_path / "fp8", "rows")
    with contextlib.closing(open_checkpoint(tmp_path / "fp8")) as found:
        first = decode(found.read("blk.0.attn_q.weight", 1, 1), block_type("BF16"))[0]
    stem = "model.layers.0.self_attn.q_proj"
    # Of a head of 32 rows, the second in GGUF is the seventeenth in the folder.
    codes, scale = arrays[f"{stem}.weight"][16], arrays[f"{stem}.weight_scale"][16, 0]

    assert np.array_equal(first, as_bf16(np.array([np.float32(number(int(each))) * scale for each in codes])))


def misshape(arrays):
    arrays[f"{DOWN}.weight_scale_inv"] = np.ones((2, 7), np.float32)


def widen(arrays):
    arrays[f"{DOWN}.weight_scale_inv"] = np.ones((1, 3), np.int32)


SPOILT = {
    "no scale": (lambda arrays: arrays.pop(f"{DOWN}.weight_scale_inv"), "weight_scale_inv is missing"),
    "scales for other blocks": (misshape, "the FP8 tensors of .*down_proj do not fit"),
    "whole numbers as scales": (widen, "the FP8 tensors of .*down_proj do not fit"),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_tensors_that_do_not_belong_together_are_refused(kind, tmp_path):
    spoil, said = SPOILT[kind]
    write_fp8(tmp_path, "blocks", spoil=spoil)

    with pytest.raises(UnreadableModel, match=said):
        open_checkpoint(tmp_path)


REFUSED = {
    "another format": (BLOCKS | {"fmt": "e5m2"}, "FP8 in the format 'e5m2'"),
    "odd blocks": (BLOCKS | {"weight_block_size": [96, 96]}, "blocks of that size"),
    "blocks of no size": (BLOCKS | {"weight_block_size": "128"}, "blocks of that size"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_other_kinds_of_fp8_are_refused(kind, tmp_path):
    config, said = REFUSED[kind]
    write_fp8(tmp_path, "blocks", config=config)

    with pytest.raises(UnsupportedModel, match=said):
        open_checkpoint(tmp_path)
