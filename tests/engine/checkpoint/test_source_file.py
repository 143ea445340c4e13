import io

import pytest

from octavo.engine.checkpoint.source_file import SourceFile
from octavo.engine.errors import UnreadableModel


class Sparing(io.BytesIO):
    """A file that gives three bytes at once, as a system may."""

    def read(self, n):
        return super().read(min(n, 3))

    def readinto(self, target):
        return super().readinto(target[:3])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(bytes(range(100)))
    with SourceFile(path) as opened:
        yield opened


def test_what_is_given_in_pieces_is_read_whole(file):
    file._file.close()
    file._file = Sparing(bytes(range(100)))

    assert file.read(10, 50) == bytes(range(10, 60))


def test_a_file_that_has_become_shorter_is_refused(file):
    file.path.write_bytes(bytes(20))

    with pytest.raises(UnreadableModel, match="has become shorter while it was read"):
        file.read(10, 50)
