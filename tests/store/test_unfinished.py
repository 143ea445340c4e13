import os

from octavo.store.instance import lock_file
from octavo.store.unfinished import Begun, Unfinished, left_bytes


def leave_something(folder, name="m.gguf"):
    (folder / f"{name}.partial").write_bytes(bytes(5000))
    (folder / f"{name}.journal").write_bytes(b"")
    return str(folder / name)


def test_what_was_noted_and_left_something_is_found(tmp_path):
    output = leave_something(tmp_path)
    Unfinished().note(Begun(output, "/m", "M", "Q8_0", {"types": "x=F16"}))
    Unfinished().note(Begun(str(tmp_path / "nothing.gguf"), "/m", "M", "Q8_0"))

    assert Unfinished().found() == [Begun(output, "/m", "M", "Q8_0", {"types": "x=F16"})]
    assert left_bytes(output) == 5000


def test_what_was_never_noted_is_found_in_the_folders(tmp_path):
    output = leave_something(tmp_path)

    assert Unfinished().found([tmp_path, tmp_path, tmp_path / "gone"]) == [Begun(output)]


def test_what_somebody_works_on_is_left_alone(tmp_path):
    output = leave_something(tmp_path)
    worker = os.open(f"{output}.journal", os.O_RDWR)
    lock_file(worker)

    assert Unfinished().found([tmp_path]) == []

    os.close(worker)
    assert Unfinished().found([tmp_path]) != []


def test_removing_takes_the_files_and_the_note(tmp_path):
    output = leave_something(tmp_path)
    Unfinished().note(Begun(output, "/m", "M", "Q8_0"))

    Unfinished().remove(output)

    assert list(tmp_path.iterdir()) == []
    assert Unfinished()._read() == []


def test_damaged_notes_count_as_none(home, tmp_path):
    notes = Unfinished()
    notes.note(Begun("/x"))
    (home / "data" / "conversions.json").write_text("{broken")

    assert notes.found() == []
    notes.forget("/x")
