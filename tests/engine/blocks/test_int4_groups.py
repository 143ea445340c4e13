"""Groups of 4-bit weights with zero points, as checkpoints in other layouts are read."""

import numpy as np
import pytest

from octavo.engine.blocks import int4_groups
from octavo.engine.blocks.codec import decode
from octavo.engine.blocks.types import block_type

GROUPS = (32, 64, 128)


def parts(group, rows=5, columns=384):
    random = np.random.default_rng(group)
    q = random.integers(0, 16, (rows, columns), dtype=np.uint8)
    scales = random.uniform(-0.1, 0.1, (rows, columns // group)).astype(np.float16)
    zeros = random.integers(0, 17, scales.shape, dtype=np.uint8)
    return q, scales, zeros


@pytest.mark.parametrize("group", GROUPS)
def test_a_weight_is_its_distance_from_zero_times_the_scale_of_its_group(group):
    q, scales, zeros = parts(group)

    weights = decode(int4_groups.pack(q, scales, zeros), block_type(f"INT4_G{group}"))

    for row, column in np.ndindex(q.shape):
        scale, zero = scales[row, column // group], zeros[row, column // group]
        assert weights[row, column] == (float(q[row, column]) - float(zero)) * float(scale)


@pytest.mark.parametrize("group", GROUPS)
def test_what_was_packed_is_unpacked(group):
    given = parts(group)
    kind = block_type(f"INT4_G{group}")

    raw = int4_groups.pack(*given)
    found = int4_groups.unpack(raw, kind)

    assert raw.shape == (5, kind.row_bytes(384))
    assert all((a == b).all() and a.dtype == b.dtype for a, b in zip(found, given, strict=True))


def test_the_first_block_lies_as_described():
    q = np.arange(64, dtype=np.uint8)[None] % 16
    q[0, 16:32] = 15

    raw = int4_groups.pack(q, np.array([[1.0]], np.float16), np.array([[7]], np.uint8))[0]

    assert raw[:3].tolist() == [0x00, 0x3C, 7]
    assert raw[3:19].tolist() == [0xF0 | i for i in range(16)]
    assert raw[19:].tolist() == [i << 4 | i for i in range(16)]


@pytest.mark.parametrize(
    ("columns", "group", "name"),
    [
        (4096, 128, "INT4_G128"),
        (576, 64, "INT4_G64"),
        (4096, 4096, "INT4_G128"),
        (576, 576, "INT4_G64"),
        (96, 32, "INT4_G32"),
        (96, 16, None),
        (40, 40, None),
    ],
)
def test_the_largest_group_that_divides_the_checkpoints_is_taken(columns, group, name):
    kind = int4_groups.int4_type(columns, group)

    assert (kind and kind.name) == name
