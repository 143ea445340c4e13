from pathlib import Path

import pytest

from octavo.engine.checkpoint.write_failure import too_full


@pytest.mark.parametrize(
    ("needed", "free", "told"),
    [
        (1_700_000, 600_000, "needs 1.7 MB, but only 0.6 MB are free."),
        (1_740_000, 1_730_000, "needs 1,740,000 bytes, but only 1,730,000 bytes are free."),
    ],
)
def test_what_a_full_disk_lacks_can_be_seen(needed, free, told):
    assert told in too_full(Path("model.gguf"), needed, free).message
