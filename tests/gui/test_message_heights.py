import pytest

from octavo.gui.widgets.message_heights import GAP, TOP, MessageHeights


def test_messages_lie_below_each_other_with_a_gap():
    heights = MessageHeights([100, 50])

    assert heights.tops() == [TOP, TOP + 100 + GAP, TOP + 150 + 2 * GAP]


@pytest.mark.parametrize("first", range(0, 420, 7))
@pytest.mark.parametrize("length", [1, 60, 900])
def test_what_shows_between_two_heights_is_what_overlaps_them(first, length):
    heights = MessageHeights([100, 50, 1, 30, 120])
    starts, last = heights.tops(), first + length

    overlapping = [
        number
        for number, height in enumerate(heights)
        if starts[number] + height > first and starts[number] < last
    ]

    assert heights.within(starts, first, last) == overlapping
