"""Tables of 16 bytes, looked up by nibbles."""

import numpy as np
from tests.engine.simd.probes import outputs

from octavo.engine.simd.jit import entry
from octavo.engine.simd.lookup import nibble_table
from octavo.engine.simd.memory import load_i32, store_i32

SIGNED = (-128, -1, 0, 1, 127, 5, 6, -7, 8, 90, -100, 11, 12, 13, -14, 15)
UNSIGNED = tuple(255 - 17 * n for n in range(16))

_signed = nibble_table(SIGNED)
_unsigned = nibble_table(UNSIGNED)


@entry
def lookup_probe(indexes, out, n):
    for i in range(0, 64 * n, 64):
        store_i32(out + i, _signed(load_i32(indexes + i)))
        store_i32(out + 64 * n + i, _unsigned(load_i32(indexes + i)))
    return 0


def test_every_nibble_finds_its_byte_in_every_place():
    indexes = np.random.default_rng(0).integers(0, 16, 64 * 50, dtype=np.uint8)

    found = outputs(lookup_probe, ["signed", "unsigned"], (indexes,), np.int32)

    assert (found["signed"].view(np.int8) == np.array(SIGNED, np.int8)[indexes]).all()
    assert (found["unsigned"].view(np.uint8) == np.array(UNSIGNED, np.uint8)[indexes]).all()
