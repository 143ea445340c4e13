import os

import pytest

from octavo.engine.calibrate.stream_files import StreamFiles
from octavo.engine.folders import data_folder
from octavo.store.instance import lock_file
from octavo.store.unfinished import Aim, Begun, Unfinished, left_bytes


def leave_something(folder, name="m.gguf"):
    (folder / f"{name}.partial").write_bytes(bytes(5000))
    (folder / f"{name}.journal").write_bytes(b"")
    return str(folder / name)


def begun(*outputs):
    return Begun([Aim(each, "Q8_0", {"types": "x=F16"}) for each in outputs], "/m", "M")


def test_what_was_noted_and_left_something_is_found(tmp_path):
    output = leave_something(tmp_path)
    Unfinished().note(begun(output))
    Unfinished().note(begun(str(tmp_path / "nothing.gguf")))

    assert Unfinished().found() == [begun(output)]
    assert left_bytes(output) == 5000


def test_what_was_never_noted_is_found_in_the_folders(tmp_path):
    output = leave_something(tmp_path)

    assert Unfinished().found([tmp_path, tmp_path, tmp_path / "gone"]) == [Begun([Aim(output)])]


def test_what_somebody_works_on_is_left_alone(tmp_path):
    output = leave_something(tmp_path)
    worker = os.open(f"{output}.journal", os.O_RDWR)
    lock_file(worker)

    assert Unfinished().found([tmp_path]) == []

    os.close(worker)
    assert Unfinished().found([tmp_path]) != []


def test_copies_made_in_one_pass_are_one_offer(tmp_path):
    first, second = leave_something(tmp_path, "a.gguf"), leave_something(tmp_path, "b.gguf")
    Unfinished().note(begun(first, second, str(tmp_path / "not-begun.gguf")))

    assert Unfinished().found([tmp_path]) == [begun(first, second, str(tmp_path / "not-begun.gguf"))]


def test_a_copy_that_got_its_name_before_the_kill_is_not_made_again(tmp_path):
    named, left = tmp_path / "named.gguf", leave_something(tmp_path)
    named.write_bytes(b"GGUF")
    Unfinished().note(begun(str(named), left))

    assert Unfinished().found() == [begun(left)]


def test_a_folder_in_the_making_is_found_and_removed(tmp_path):
    partial = tmp_path / "m-awq.partial"
    partial.mkdir()
    (partial / "model.safetensors").write_bytes(bytes(700))
    (partial / "config.json").write_bytes(bytes(300))
    (tmp_path / "m-awq.journal").write_bytes(b"")
    output = str(tmp_path / "m-awq")
    assert Unfinished().found([tmp_path]) == [Begun([Aim(output)])]
    assert left_bytes(output) == 1000

    Unfinished().remove([output])

    assert list(tmp_path.iterdir()) == []


def test_what_somebody_works_on_is_not_removed(tmp_path):
    output = leave_something(tmp_path)
    worker = os.open(f"{output}.journal", os.O_RDWR)
    lock_file(worker)

    Unfinished().remove([output])

    assert len(list(tmp_path.iterdir())) == 2
    os.close(worker)


def test_removing_takes_the_files_and_the_note(tmp_path):
    output = leave_something(tmp_path)
    Unfinished().note(begun(output))

    Unfinished().remove([output])

    assert list(tmp_path.iterdir()) == []
    assert Unfinished()._read() == []


@pytest.mark.parametrize("is_another_left", [False, True])
def test_removing_the_last_one_takes_what_its_calibration_kept(tmp_path, is_another_left):
    output, another = leave_something(tmp_path), leave_something(tmp_path, "another.gguf")
    Unfinished().note(begun(output))
    if is_another_left:
        Unfinished().note(begun(another))
    kept = StreamFiles("digest")
    (path, *_) = kept.claim(10)
    path.write_bytes(bytes(10))
    os.close(kept._lock)  # as a kill would

    Unfinished().remove([output])

    assert path.exists() == is_another_left


def test_notes_that_cannot_be_written_are_no_hindrance(home, tmp_path):
    (data_folder() / "conversions.json").mkdir()
    output = leave_something(tmp_path)

    Unfinished().note(begun(output))
    Unfinished().forget([output])

    assert Unfinished().found() == []


def test_damaged_notes_count_as_none(home, tmp_path):
    notes = Unfinished()
    notes.note(begun("/x"))
    (home / "data" / "conversions.json").write_text("{broken")

    assert notes.found() == []
    notes.forget(["/x"])
