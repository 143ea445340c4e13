import contextlib

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert.convert import convert, convert_all
from octavo.engine.convert.output import Output
from octavo.engine.errors import OctavoError
from octavo.engine.progress import finish
from octavo.engine.quantize.quantizer import Plan
from octavo.plugin.host import PluginHost

HOST = PluginHost()
NAMES = ("Q8_0", "Q4_K_M")


@pytest.fixture
def source(tmp_path):
    with contextlib.closing(open_checkpoint(write_tiny_gguf(tmp_path / "model.gguf"))) as checkpoint:
        yield checkpoint


class Reversed:
    """Q8_0 with its tensors in another order."""

    name, summary, format, Options = "REVERSED", "Q8_0 backwards.", "gguf", None

    def plan(self, tensors, options):
        plan = HOST.quantizer("Q8_0").plan(tensors, None)
        return Plan(dict(reversed(plan.types.items())), plan.file_type)

    def encode(self, weights, kind, importance):
        return HOST.quantizer("Q8_0").encode(weights, kind, importance)


def outputs(folder, *quantizers):
    folder.mkdir(exist_ok=True)
    return [Output(each, None, folder / f"{each.name}.gguf") for each in quantizers]


def test_several_files_equal_those_made_one_by_one(source, tmp_path):
    wishes = outputs(tmp_path / "all", *map(HOST.quantizer, NAMES))
    reports = finish(convert_all(source, wishes))

    for name, report in zip(NAMES, reports, strict=True):
        alone = finish(convert(source, HOST.quantizer(name), None, tmp_path / "alone.gguf", force=True))
        assert (report.sha256, report.quantizer) == (alone.sha256, name)
        assert report.verified
        assert report.file_bytes == report.predicted_bytes
    assert sorted(each.name for each in (tmp_path / "all").iterdir()) == ["Q4_K_M.gguf", "Q8_0.gguf"]


def test_every_row_is_read_once(source, tmp_path, monkeypatch):
    read, seen = source.read, []

    def counted(name, first_row=0, n_rows=None):
        seen.append((name, first_row))
        return read(name, first_row, n_rows)

    monkeypatch.setattr(source, "read", counted)
    finish(convert_all(source, outputs(tmp_path / "all", *map(HOST.quantizer, NAMES))))

    assert len(seen) == len(set(seen))
    assert {name for name, _ in seen} == {each.name for each in source.tensors}


def test_files_in_different_orders_are_written_too(source, tmp_path):
    reports = finish(convert_all(source, outputs(tmp_path / "all", HOST.quantizer("Q8_0"), Reversed())))

    with contextlib.closing(open_checkpoint(reports[1].output)) as result:
        assert [each.name for each in result.tensors] == list(Reversed().plan(source.tensors, None).types)
    assert all(each.verified for each in reports)


def test_progress_counts_the_bytes_of_all(source, tmp_path):
    steps = list(convert_all(source, outputs(tmp_path / "all", *map(HOST.quantizer, NAMES))))
    counted = [each for each in steps if each.n_steps]

    assert [each.done for each in counted] == sorted(each.done for each in counted)
    assert counted[-1].done == counted[-1].total


def test_one_target_that_is_not_allowed_leaves_nothing_of_the_others(source, tmp_path):
    wishes = outputs(tmp_path / "all", *map(HOST.quantizer, NAMES))
    wishes[1].target.write_bytes(b"old")

    with pytest.raises(OctavoError, match=r"Q4_K_M\.gguf exists already"):
        finish(convert_all(source, wishes))

    assert [each.name for each in (tmp_path / "all").iterdir()] == ["Q4_K_M.gguf"]


def test_one_target_cannot_be_written_twice_at_once(source, tmp_path):
    wish = outputs(tmp_path / "all", HOST.quantizer("Q8_0"))[0]

    with pytest.raises(OctavoError, match="is being written by another conversion"):
        finish(convert_all(source, [wish, wish]))

    assert list((tmp_path / "all").iterdir()) == []


def test_cancelling_leaves_nothing_of_any(source, tmp_path):
    work = convert_all(source, outputs(tmp_path / "all", *map(HOST.quantizer, NAMES)))
    for _ in range(9):
        next(work)
    work.close()

    assert list((tmp_path / "all").iterdir()) == []
