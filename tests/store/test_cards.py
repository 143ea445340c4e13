import dataclasses
import os

from tests.fixtures.checkpoints import write_tiny_gguf, write_tiny_hf_folder

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.folders import cache_folder
from octavo.store import cards
from octavo.store.cards import keep_card, known_card


def card_of(path):
    checkpoint = open_checkpoint(path)
    checkpoint.close()
    return checkpoint.card


def test_a_card_comes_back_as_it_was(tmp_path):
    for path in (write_tiny_gguf(tmp_path / "tiny.gguf"), write_tiny_hf_folder(tmp_path / "folder")):
        card = card_of(path)
        assert known_card(path) is None

        keep_card(path, card)

        assert known_card(path) == card


def test_a_file_that_has_changed_is_read_again(tmp_path):
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    keep_card(path, card_of(path))

    os.utime(path, ns=(1, 1))

    assert known_card(path) is None


def test_another_version_reads_again(tmp_path, monkeypatch):
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    keep_card(path, card_of(path))
    monkeypatch.setattr(cards, "__version__", "another")

    assert known_card(path) is None


def test_a_damaged_card_is_none(tmp_path):
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    keep_card(path, card_of(path))
    for kept in (cache_folder() / "cards").iterdir():
        kept.write_bytes(kept.read_bytes()[:-20])

    assert known_card(path) is None


def test_what_has_gone_is_not_known(tmp_path):
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    keep_card(path, card_of(path))
    path.unlink()

    assert known_card(path) is None


def test_old_cards_make_room(tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "MAX_KEPT", 10)
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    card = card_of(path)
    for number in range(12):
        other = path.with_name(f"{number}.gguf")
        other.hardlink_to(path)
        keep_card(other, dataclasses.replace(card, path=str(other)))

    assert len(list((cache_folder() / "cards").iterdir())) <= 10
    assert known_card(other) is not None
