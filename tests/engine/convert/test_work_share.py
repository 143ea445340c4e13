"""What is done of a conversion, in bytes or in time."""

from types import SimpleNamespace

import pytest

from octavo.api import TensorInfo, block_type
from octavo.engine.convert.work_share import WorkShare
from octavo.engine.progress import Progress

F32 = block_type("F32")
PLANNED = [
    TensorInfo("token_embd.weight", (1000, 32), F32),
    *(
        TensorInfo(f"blk.{n}.{name}.weight", (100, 32), F32)
        for n in range(2)
        for name in ("attn_q", "attn_k")
    ),
]
TOTAL = 1400 * 32 * 4


def file(calibrating=0.0, rounding=0.0, n_resumed=0):
    wish = SimpleNamespace(calibration_seconds=calibrating, rounding_seconds=rounding)
    return SimpleNamespace(planned=PLANNED, data_bytes=TOTAL, n_resumed=n_resumed, wish=wish)


def share_of(made, seconds=0.0):
    return WorkShare([made], [dict.fromkeys((each.name for each in PLANNED), seconds)])


def test_without_a_calibration_it_counts_bytes():
    made = file()
    share = share_of(made)
    share.wrote(made, 0, 500 * 32 * 4)

    assert share.progress(PLANNED, 0) == Progress(500 * 32 * 4, TOTAL, "token_embd.weight", 1, 5)


def test_with_one_the_vocabulary_hardly_counts():
    made = file(calibrating=95.0, rounding=35.0)  # 30 to find out about each layer, 8.75 for each matrix
    share = share_of(made, seconds=1.0)
    share.wrote(made, 0, PLANNED[0].n_bytes)
    assert share.progress(PLANNED, 0).done == round(TOTAL / 100)

    share.amid_finding(made, 1, Progress(16, 32))
    share.amid_finding(made, 1, Progress(0, 4))  # what has been said is not taken back
    assert share.progress(PLANNED, 1, "calibrate").done == round(TOTAL * 16 / 100)

    share.found(made, 1)
    share.wrote(made, 1, PLANNED[1].n_bytes // 2)
    assert share.progress(PLANNED, 1).done == round(TOTAL * (31 + 9.75 / 2) / 100)


def test_what_a_killed_conversion_left_is_done_and_all_in_the_end():
    made = file(calibrating=95.0, rounding=35.0, n_resumed=3)
    share = share_of(made, seconds=1.0)
    assert share.progress(PLANNED, 3).done == round(TOTAL * (1 + 30 + 2 * 9.75) / 100)

    share.found(made, 1)  # asked again, for what comes later
    for index in (3, 4):
        share.found(made, index)
        share.wrote(made, index, PLANNED[index].n_bytes)

    assert share.progress(PLANNED, 4).done == pytest.approx(TOTAL)
