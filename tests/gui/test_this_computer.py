from octavo.engine.estimate.comfortable import Comfortable
from octavo.gui.widgets.this_computer import ThisComputer, comfortable_sentence


def test_a_slow_memory_is_told_apart_from_a_small_one():
    sentence = comfortable_sentence(Comfortable(15_400_000_000, 3_300_000_000))

    assert "up to 3 billion parameters in 4 bits (Q4_K_M) write 10 tokens" in sentence
    assert "up to 15 billion fit" in sentence


def test_a_fast_memory_needs_one_figure():
    assert comfortable_sentence(Comfortable(2_540_000_000, 2_540_000_000)) == (
        "Models of up to 2.5 billion parameters run comfortably in 4 bits (Q4_K_M)."
    )


def test_small_models_are_told_in_millions():
    assert "300 million" in comfortable_sentence(Comfortable(320_000_000, 0))


def test_a_full_memory_is_a_reason_to_close_programs():
    assert "close other programs" in comfortable_sentence(Comfortable(50_000_000, 0))


def test_the_models_page_shows_this_computer(joined):
    (card,) = (each for each in joined.models.findChildren(ThisComputer) if each.isVisible())

    assert "parameters" in card.accessibleDescription()
