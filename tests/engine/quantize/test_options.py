from dataclasses import dataclass, field
from typing import Literal

import pytest

from octavo.engine.errors import OctavoError
from octavo.engine.quantize.options import build_options, changed_options, described_options


@dataclass(frozen=True)
class Options:
    group: int = 128
    clip: bool = True
    share: float = field(default=0.5, metadata={"minimum": 0, "maximum": 1})
    grid: Literal["coarse", "fine"] = "fine"

    def __post_init__(self):
        if self.group < 1:
            raise ValueError("group must be positive")


class Method:
    name = "METHOD"
    Options = Options


class Plain:
    name = "PLAIN"
    Options = None


def test_text_becomes_the_fields_own_types():
    chosen = {"group": "64", "clip": "no", "share": "0.25", "grid": "COARSE"}

    assert build_options(Method, chosen) == Options(64, False, 0.25, "coarse")


def test_values_of_the_right_type_are_taken_as_they_are():
    assert build_options(Method, {"group": 32, "clip": False}) == Options(32, False)


def test_nothing_chosen_gives_the_defaults():
    assert build_options(Method, {}) == Options()
    assert build_options(Plain, {}) is None


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"size": "3"}, "no option 'size'. It has: clip, grid, group, share"),
        ({"group": "many"}, "cannot be 'many'. It takes a whole number"),
        ({"clip": "perhaps"}, "It takes yes or no"),
        ({"grid": "round"}, "It takes coarse or fine"),
        ({"group": "0"}, "group must be positive"),
        ({"share": "-0.5"}, "cannot be '-0.5'. It takes a number from 0 to 1"),
        ({"share": 1.5}, "It takes a number from 0 to 1"),
        ({"share": "nan"}, "cannot be 'nan'"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(chosen, said):
    with pytest.raises(OctavoError, match=said):
        build_options(Method, chosen)


def test_a_quantizer_without_options_takes_none():
    with pytest.raises(OctavoError, match="It has no options"):
        build_options(Plain, {"group": 1})


def test_only_what_differs_from_the_defaults_needs_saying():
    chosen = Options(group=64, grid="coarse")

    assert changed_options(chosen) == {"group": 64, "grid": "coarse"}
    assert build_options(Method, changed_options(chosen)) == chosen
    assert changed_options(Options()) == changed_options(None) == {}


def test_people_are_told_what_each_option_takes():
    told = {each.name: (each.takes, each.default) for each in described_options(Method)}

    assert told == {
        "group": ("a whole number", "128"),
        "clip": ("yes or no", "yes"),
        "share": ("a number from 0 to 1", "0.5"),
        "grid": ("coarse or fine", "fine"),
    }
