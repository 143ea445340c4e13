from __future__ import annotations

import hashlib
import subprocess
import sys

import gguf
import numpy as np
import pytest
from tests.engine.blocks.kinds_of_weights import COLUMNS, IMPORTANCES, KINDS, numbered
from tests.engine.blocks.plain_encode import ENCODERS

from octavo.engine.blocks.codec import can_encode, decode, encode
from octavo.engine.blocks.encoders.ranges import encode_rows
from octavo.engine.blocks.types import block_type

# SHA-256 (first 16 digits) of what llama.cpp's quantizers (libgguf 0.2.2) write for numbered(), first without an
# importance matrix, then with importance[i] = 1 + i % 7.
LLAMA_CPP = {
    "Q8_0": ("08840f979cf7564e", "08840f979cf7564e"),
    "Q4_0": ("6843433f04366a9c", "28f252f0f15f0159"),
    "Q4_1": ("bb80e2835da16a90", "2335bf760dc8d63b"),
    "Q5_0": ("f48f20db6a70956b", "281fb2049e0ca3cc"),
    "Q5_1": ("8b16a90533734f3f", "984985e06b358732"),
    "Q2_K": ("0dea8a9e974bdd80", "cc9534d8f2efa48d"),
    "Q3_K": ("abed2557a22f310c", "39574dc57fcdbd95"),
    "Q4_K": ("2a82cd05c358efda", "b34f4f576d8a87ed"),
    "Q5_K": ("4fe626ba865a0d36", "7f4c9487b2eccc0f"),
    "Q6_K": ("b3001c18bc38adbc", "3db57b7d845bbd58"),
    "IQ4_NL": ("3ce008c7d87a1574", "cd3b19261187a76c"),
    "IQ4_XS": ("0363e9be3e14b513", "81043f2e4a8fe045"),
    "MXFP4": ("51e7c26c118e106c", "51e7c26c118e106c"),
}


# gguf-py differs from ggml in the sign of zero scales, and where a scale has no inverse.
@pytest.mark.parametrize("kind", sorted({*KINDS} - {"signed zeros", "subnormal"}))
@pytest.mark.parametrize("name", ["F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "MXFP4"])
def test_bytes_equal_those_of_gguf_py(name, kind):
    with np.errstate(all="ignore"):
        expected = gguf.quants.quantize(KINDS[kind], gguf.GGMLQuantizationType[name])

    assert encode(KINDS[kind], block_type(name)).tobytes() == expected.tobytes()


@pytest.mark.parametrize("importance", IMPORTANCES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ENCODERS)
def test_compiled_encoders_equal_their_plain_meaning(name, kind, importance):
    with np.errstate(all="ignore"):
        expected = ENCODERS[name](KINDS[kind], IMPORTANCES[importance])

    raw = encode(KINDS[kind], block_type(name), IMPORTANCES[importance])

    assert raw.tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", LLAMA_CPP)
def test_bytes_equal_those_of_llama_cpp(name):
    importance = (1 + np.arange(COLUMNS) % 7).astype(np.float32)

    written = [encode(numbered(), block_type(name), given) for given in (None, importance)]

    assert tuple(hashlib.sha256(raw.tobytes()).hexdigest()[:16] for raw in written) == LLAMA_CPP[name]


@pytest.mark.parametrize("name", ENCODERS)
def test_threads_do_not_change_the_bytes(name):
    weights = np.random.default_rng(5).standard_normal((701, 512)).astype(np.float32)
    importance = np.linspace(0.1, 1, 512, dtype=np.float32)

    for given in (None, importance):
        alone = encode(weights, block_type(name), given, n_threads=1)
        assert encode(weights, block_type(name), given, n_threads=2).tobytes() == alone.tobytes()


@pytest.mark.parametrize(
    ("name", "steps"), [("Q8_0", 254), ("Q4_0", 16), ("Q5_0", 32), ("Q4_1", 15), ("Q5_1", 31)]
)
def test_error_is_at_most_a_step(name, steps):
    weights = KINDS["gaussian"]

    error = np.abs(decode(encode(weights, block_type(name)), block_type(name)) - weights)

    widest = 2 * np.abs(weights).reshape(-1, 32).max(axis=1, keepdims=True)
    assert (error.reshape(-1, 32) <= 1.01 * widest / steps).all()


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("Q2_K", 0.33),
        ("Q3_K", 0.19),
        ("Q4_K", 0.09),
        ("Q5_K", 0.045),
        ("Q6_K", 0.025),
        ("IQ4_NL", 0.08),
        ("IQ4_XS", 0.09),
        ("MXFP4", 0.13),
    ],
)
def test_error_is_small_beside_the_weights(name, limit):
    weights = KINDS["gaussian"]

    error = decode(encode(weights, block_type(name)), block_type(name)) - weights

    assert np.sqrt((error**2).mean() / (weights**2).mean()) < limit


@pytest.mark.parametrize("name", ["Q4_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q6_K", "IQ4_NL", "IQ4_XS"])
def test_importance_lowers_the_error_that_counts(name):
    weights = KINDS["gaussian"]
    importance = np.where(np.arange(COLUMNS) % 8 == 0, 100, 1).astype(np.float32)

    def weighted_error(given):
        error = decode(encode(weights, block_type(name), given), block_type(name)) - weights
        return (importance * error**2).sum()

    assert weighted_error(importance) < 0.97 * weighted_error(None)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.parametrize("name", ENCODERS)
def test_weights_beyond_number_do_no_harm_to_other_blocks(name, value):
    weights = KINDS["gaussian"].copy()
    weights[1, 300] = value

    raw = encode(weights, block_type(name))

    others = np.delete(raw, 1, axis=0)
    assert others.tobytes() == np.delete(encode(KINDS["gaussian"], block_type(name)), 1, axis=0).tobytes()


def test_weights_need_not_lie_one_after_the_other():
    weights = KINDS["gaussian"]

    raw = encode(np.asfortranarray(weights), block_type("Q4_K"))

    assert raw.tobytes() == encode(weights, block_type("Q4_K")).tobytes()


def test_rows_that_hold_no_whole_blocks_are_refused():
    with pytest.raises(ValueError, match="40 weights are no whole number of Q8_0 blocks"):
        encode(np.zeros((2, 40), np.float32), block_type("Q8_0"))


def test_an_importance_of_another_width_is_refused():
    with pytest.raises(ValueError, match="importances for 64 columns"):
        encode(np.zeros((2, 64), np.float32), block_type("Q4_0"), np.ones(32, np.float32))


def test_types_without_an_encoder_are_known():
    assert not can_encode(block_type("IQ3_S"))
    assert can_encode(block_type("BF16"))


@pytest.mark.parametrize("name", ENCODERS)
def test_nothing_is_written_beside_the_blocks(name):
    weights = KINDS["gaussian"][:3]
    row_bytes = block_type(name).row_bytes(COLUMNS)
    around = np.full((5, row_bytes), 99, np.uint8)

    for importance in IMPORTANCES.values():
        encode_rows(weights, around[1:4], block_type(name), importance, n_threads=1)

        assert (around[[0, 4]] == 99).all()


def test_decoding_needs_no_compiled_code():
    program = (
        "import sys, numpy; from octavo.engine.blocks import codec, types;"
        "codec.decode(numpy.zeros((1, 144), numpy.uint8), types.block_type('Q4_K'));"
        "print('numba' in sys.modules)"
    )

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout

    assert printed.strip() == b"False"
