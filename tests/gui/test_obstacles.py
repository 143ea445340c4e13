import pytest

from octavo.gui.forecaster import Forecast
from octavo.gui.pages.obstacles import Room, obstacle, room
from octavo.worker.protocol import Convert, Copy, Failed

GB = 10**9
PLENTY = Room(needed=1, free=GB)


def request(*outputs):
    copies = [Copy(quantizer=f"Q{n}", output=str(each)) for n, each in enumerate(outputs)]
    return Convert(path="/models/small.gguf", copies=copies)


def forecast(memory_bytes=GB):
    return Forecast(memory_bytes=memory_bytes, free_memory_bytes=0, disk_bytes=0, free_disk_bytes=0)


def test_nothing_stands_in_the_way_of_what_fits(tmp_path):
    assert obstacle(request(tmp_path / "a.gguf"), PLENTY, forecast(), 2 * GB) == ""


def test_nothing_is_said_while_the_forecast_is_not_known(tmp_path):
    assert obstacle(request(tmp_path / "a.gguf"), PLENTY, None, 0) == ""


def test_too_little_memory_is_said_with_the_figures(tmp_path):
    said = obstacle(request(tmp_path / "a.gguf"), PLENTY, forecast(3 * GB), 2 * GB)

    assert said == "Needs 3.0 GB of memory to convert, 2.0 GB are free. Close other programs."


def test_a_full_disk_is_said_with_the_figures(tmp_path):
    said = obstacle(request(tmp_path / "a.gguf"), Room(2 * GB, GB), None, GB)

    assert said == (
        "Needs 2.0 GB on the disk, 1.0 GB are free. Make room, or choose a folder on another disk."
    )


@pytest.mark.parametrize(
    ("kind", "is_told"), [("octavo_error", True), ("crash", False), ("cancelled", False)]
)
def test_only_a_refusal_of_this_conversion_stands_in_its_way(tmp_path, kind, is_told):
    failed = Failed(kind=kind, message="There is no folder /x.", hint="Create it first.")

    said = obstacle(request(tmp_path / "a.gguf"), PLENTY, failed, GB)

    assert said == ("There is no folder /x. Create it first." if is_told else "")


def test_two_formats_cannot_have_one_name(tmp_path):
    said = obstacle(request(tmp_path / "a.gguf", tmp_path / "a.gguf"), PLENTY, None, GB)

    assert said == "2 formats would be called a.gguf. Give one of them another name."


def test_a_folder_needs_a_folder_to_begin_with(tmp_path):
    asked = request(tmp_path / "a")
    assert "Choose gguf as its output" in obstacle(asked, PLENTY, None, GB, folders=["AWQ"], is_file=True)
    assert obstacle(asked, PLENTY, None, GB, folders=["AWQ"], is_file=False) == ""


def test_a_folder_that_may_not_be_written_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)

    said = obstacle(request(tmp_path / "a.gguf"), PLENTY, None, GB)

    assert said == f"Nothing may be written in {tmp_path}. Choose another folder."


class SmallDisk:
    """Of which 50,000 bytes are free, wherever it is."""

    def __init__(self, folder):
        self.folder = folder

    def bytesAvailable(self):
        return 50_000


def test_a_folder_that_is_not_there_is_named(tmp_path):
    said = obstacle(request(tmp_path / "gone" / "a.gguf"), Room(1, 0), None, GB)

    assert said == f"There is no folder {tmp_path / 'gone'}. Choose another one."


def test_what_a_killed_conversion_holds_counts_as_free(tmp_path, monkeypatch):
    monkeypatch.setattr("octavo.gui.pages.obstacles.QStorageInfo", SmallDisk)
    assert room(request(tmp_path / "a.gguf"), 1000) == Room(1010, 50_000)
    (tmp_path / "a.gguf.partial").write_bytes(bytes(8000))
    (tmp_path / "a.gguf.journal").write_bytes(b"")

    assert room(request(tmp_path / "a.gguf"), 1000) == Room(1010, 58_000)
