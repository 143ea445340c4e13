import os

import pytest

from octavo.engine.convert.target import check_folder_target, check_target
from octavo.engine.errors import OctavoError


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"weights")
    return path


def check(target, source, force=False):
    check_target(target, [source], force=force)


def test_a_new_name_is_allowed(source, tmp_path):
    check(tmp_path / "new.gguf", source)


def test_the_source_is_refused_as_target_even_with_consent(source):
    with pytest.raises(OctavoError, match="is the model that is being converted"):
        check(source, source, force=True)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_the_source_is_recognised_through_links(source, tmp_path, link):
    link(source, tmp_path / "other.gguf")

    with pytest.raises(OctavoError, match="is the model that is being converted"):
        check(tmp_path / "other.gguf", source, force=True)


def test_an_existing_target_needs_consent(source, tmp_path):
    (tmp_path / "old.gguf").write_bytes(b"old")

    with pytest.raises(OctavoError, match=r"old\.gguf exists already"):
        check(tmp_path / "old.gguf", source)
    check(tmp_path / "old.gguf", source, force=True)


def test_a_link_to_nowhere_counts_as_existing(source, tmp_path):
    (tmp_path / "dangling.gguf").symlink_to(tmp_path / "nowhere")

    with pytest.raises(OctavoError, match="exists already"):
        check(tmp_path / "dangling.gguf", source)


@pytest.mark.parametrize("place", [".", "4-bit", "deep/er", ".."])
def test_a_folder_may_not_become_its_source_or_lie_in_it_or_hold_it(tmp_path, place):
    source = tmp_path / "models" / "one"
    source.mkdir(parents=True)

    with pytest.raises(OctavoError, match="model that is being converted"):
        check_folder_target(source / place, source)
    check_folder_target(source.with_name("one-AWQ"), source)


@pytest.mark.parametrize("force", [False, True])
def test_a_pipe_is_no_target(source, tmp_path, force):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(OctavoError, match="a device or a pipe"):
        check(tmp_path / "pipe", source, force=force)
