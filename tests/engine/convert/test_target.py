import os

import pytest

from octavo.engine.convert.target import check_target
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
