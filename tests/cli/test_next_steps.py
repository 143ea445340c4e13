import pytest

from octavo.cli import figures
from octavo.cli.next_steps import next_steps


def test_a_copy_can_be_chatted_with_and_measured():
    assert next_steps("demo", ["my models/m-Q8_0.gguf"]) == [
        ("Chat with it", "octavo chat 'my models/m-Q8_0.gguf'"),
        ("Measure it", "octavo measure 'my models/m-Q8_0.gguf' --reference demo"),
    ]


def test_of_several_copies_one_stands_for_all():
    assert [name for name, _ in next_steps("demo", ["a.gguf", "b.gguf"])] == ["Chat with one", "Measure one"]


@pytest.mark.parametrize(
    ("duration", "said"),
    [(0.2, "less than 1 s"), (1.04, "1 s"), (95.4, "95 s"), (151, "3 min"), (7509, "2 h 5 min")],
)
def test_forecasts_are_not_told_to_the_hundredth(duration, said):
    assert figures.roughly(duration) == said
