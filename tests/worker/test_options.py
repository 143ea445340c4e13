from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from octavo.engine.errors import OctavoError
from octavo.worker.options import quantizer_options


@dataclass(frozen=True)
class Options:
    group_size: int = 128
    keep_output: bool = True
    strength: float = 0.5


MINE = SimpleNamespace(name="Mine", Options=Options)
PLAIN = SimpleNamespace(name="Plain", Options=None)


def test_text_becomes_what_the_field_is():
    values = {"group_size": "64", "keep_output": "false", "strength": "0.25"}
    assert quantizer_options(MINE, values) == Options(64, False, 0.25)


def test_nothing_chosen_means_the_defaults():
    assert quantizer_options(MINE, {}) == Options()
    assert quantizer_options(PLAIN, {}) is None


@pytest.mark.parametrize(
    ("quantizer", "values", "words"),
    [
        (MINE, {"size": "1"}, "no option 'size'. It has: group_size, keep_output, strength"),
        (MINE, {"group_size": "many"}, "Mine cannot take these options"),
        (PLAIN, {"group_size": "1"}, "Plain has no options"),
    ],
)
def test_wrong_options_are_refused(quantizer, values, words):
    with pytest.raises(OctavoError, match=words):
        quantizer_options(quantizer, values)
