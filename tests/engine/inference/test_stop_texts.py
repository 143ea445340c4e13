"""Text is shown as soon as it is sure that it begins no text that ends the answer."""

import pytest

from octavo.engine.errors import OctavoError
from octavo.engine.inference.stop_texts import StopTexts


@pytest.mark.parametrize(
    ("stops", "pieces", "shown"),
    [
        ((), ["a", "b"], ["a", "b"]),
        (("###",), ["Yes.", " ##", "# No"], ["Yes.", " ", ""]),
        (("###",), ["Yes #", "1", " ##"], ["Yes ", "#1", " "]),
        (("aab",), ["aa", "a", "b", "c"], ["", "a", "", ""]),
        (("User:", "\nUser"), ["Hi", "\n", "Us", "er:"], ["Hi", "", "", ""]),
        (("b", "abc"), ["xa", "bc"], ["x", ""]),
        (("\u00e9t\u00e9",), ["l'\u00e9", "t\u00e9 "], ["l'", ""]),
    ],
)
def test_each_piece_shows_what_is_sure(stops, pieces, shown):
    texts = StopTexts(stops)
    given = []
    for piece in pieces:
        given.append(texts.push(piece))
        if texts.is_found:
            break
    assert given == shown[: len(given)]
    before = "".join(pieces)
    ends = [before.find(each) for each in stops if each in before]
    assert texts.is_found == bool(ends)
    assert "".join(given) + texts.flush() == before[: min(ends, default=len(before))]


def test_an_empty_text_cannot_end_an_answer():
    with pytest.raises(OctavoError, match="empty"):
        StopTexts(["###", ""])
