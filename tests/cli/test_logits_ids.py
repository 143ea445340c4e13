import pytest

from octavo.cli.logits import read_ids
from octavo.engine.errors import OctavoError


def test_ids_are_separated_by_any_blanks(tmp_path):
    (tmp_path / "ids").write_text(" 0 1\n2\t3\r\n")
    assert read_ids(tmp_path / "ids", 4) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no token ids"),
        (b"1 two 3", "'two', which is no token id"),
        (b"1 -1", "'-1', which is no token id"),
        (b"1 4", "the token id 4; the model has 4 tokens"),
        (b"99999999999999999999999", "the token id"),
        ("١".encode(), "no token id"),
    ],
)
def test_what_is_no_id_of_the_model_is_refused(tmp_path, content, words):
    (tmp_path / "ids").write_bytes(content)
    with pytest.raises(OctavoError, match=words):
        read_ids(tmp_path / "ids", 4)
