import pytest

from octavo.engine.hardware.system_files import file_number, file_text


def test_a_file_says_its_text_without_blanks(tmp_path):
    (tmp_path / "name").write_bytes(b" Some card \xff\n")

    assert file_text(tmp_path / "name") == "Some card \ufffd"


def test_what_is_not_there_says_nothing(tmp_path):
    assert file_text(tmp_path / "missing") == ""
    assert file_text(tmp_path) == ""
    assert file_number(tmp_path / "missing") is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("17\n", 17), ("0x10", 16), ("-1\n", -1), ("max\n", None), ("\n", None), ("1 2", None)],
)
def test_a_number_is_read_and_another_word_is_none(tmp_path, text, number):
    (tmp_path / "value").write_text(text)

    assert file_number(tmp_path / "value") == number
