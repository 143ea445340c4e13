"""Importance matrices of llama.cpp: both layouts, and what is none."""

from __future__ import annotations

import struct

import gguf
import numpy as np
import pytest

from octavo.engine.blocks.codec import encode
from octavo.engine.blocks.types import block_type
from octavo.engine.calibrate.imatrix import read_imatrix
from octavo.engine.calibrate.weighted import WeightedCalibration
from octavo.engine.checkpoint.model import TensorInfo
from octavo.engine.errors import OctavoError
from octavo.engine.progress import finish

NAME = "blk.0.ffn_down.weight"


class Rounding:
    """A quantizer that does what it is told."""

    def encode(self, weights, kind, importance):
        return encode(weights, kind, importance)


def write_gguf(path, entries):
    writer = gguf.GGUFWriter(str(path), "imatrix")
    for name, (sums, counts) in entries.items():
        writer.add_tensor(name + ".in_sum2", np.asarray(sums, np.float32))
        writer.add_tensor(name + ".counts", np.asarray(counts, np.float32).reshape(-1, 1))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_sums_are_divided_by_counts(tmp_path):
    path = write_gguf(tmp_path / "i.gguf", {NAME: ([[2, 4, 6]], [2])})

    assert read_imatrix(path)[NAME].tolist() == [[1, 2, 3]]


def test_an_expert_without_tokens_counts_all_columns_the_same(tmp_path):
    path = write_gguf(tmp_path / "i.gguf", {NAME: ([[2, 4], [0, 0]], [2, 0])})

    assert read_imatrix(path)[NAME].tolist() == [[1, 2], [1, 1]]


def test_the_older_layout_is_read(tmp_path):
    path = tmp_path / "i.dat"
    values = struct.pack("<3f", 3, 6, 9)
    path.write_bytes(struct.pack("<ii", 1, len(NAME)) + NAME.encode() + struct.pack("<ii", 3, 3) + values)

    assert read_imatrix(path)[NAME].tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(
    "content",
    [b"", b"abc", b"\x01\x00\x00\x00" * 3, b"\xff" * 64, struct.pack("<iiciif", 1, 1, b"a", 1, 1, np.nan)],
)
def test_anything_else_is_refused(tmp_path, content):
    path = tmp_path / "i.dat"
    path.write_bytes(content)

    with pytest.raises(OctavoError):
        read_imatrix(path)


def test_sums_without_counts_are_refused(tmp_path):
    writer = gguf.GGUFWriter(str(tmp_path / "i.gguf"), "imatrix")
    writer.add_tensor(NAME + ".in_sum2", np.ones((1, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    with pytest.raises(OctavoError, match="no importance matrix"):
        read_imatrix(tmp_path / "i.gguf")


def test_rows_are_encoded_with_the_importance_of_their_expert():
    weights = np.random.default_rng(0).normal(size=(6, 256)).astype(np.float32)
    importance = np.random.default_rng(1).random((2, 256)).astype(np.float32)
    kind = block_type("Q4_K")
    tensor = TensorInfo("blk.0.ffn_down_exps.weight", (2, 3, 256), block_type("F32"))
    calibration = WeightedCalibration(Rounding(), {tensor.name: importance}, [tensor])

    found = finish(calibration.encoder(tensor, kind))(weights[1:], 1)

    expected = [encode(weights[1:3], kind, importance[0]), encode(weights[3:], kind, importance[1])]
    assert (found == np.concatenate(expected)).all()


def test_what_is_not_in_the_file_is_encoded_without():
    weights = np.random.default_rng(0).normal(size=(2, 256)).astype(np.float32)
    known, other = (TensorInfo(name, (2, 256), block_type("F32")) for name in (NAME, "token_embd.weight"))
    calibration = WeightedCalibration(Rounding(), {NAME: np.ones((1, 256), np.float32)}, [known, other])

    found = finish(calibration.encoder(other, block_type("Q4_K")))(weights, 0)

    assert (found == encode(weights, block_type("Q4_K"))).all()


@pytest.mark.parametrize("name", [NAME, "blk.7.attn_q.weight"])
def test_a_matrix_of_another_model_is_refused(name):
    tensor = TensorInfo(NAME, (2, 256), block_type("F32"))

    with pytest.raises(OctavoError, match="another model"):
        WeightedCalibration(Rounding(), {name: np.ones((1, 128), np.float32)}, [tensor])
