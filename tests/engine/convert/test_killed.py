import contextlib
import hashlib
from dataclasses import dataclass

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.blocks.codec import encode
from octavo.engine.checkpoint.journal import JournalKeeper
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.checkpoint.stream_digest import StreamDigest
from octavo.engine.convert import recipe
from octavo.engine.convert.convert import convert
from octavo.engine.progress import Progress, finish
from octavo.plugin.host import PluginHost

Q8_0 = PluginHost().quantizer("Q8_0")


@dataclass(frozen=True)
class Choices:
    text: str = ""


class Chosen:
    """Q8_0 with an option, from a plugin with a version."""

    name, summary, format, Options, plugin = "CHOSEN", "Q8_0 with a text.", "gguf", Choices, "chosen"

    def __init__(self, version="1"):
        self.version = version

    def plan(self, tensors, options):
        return Q8_0.plan(tensors, None)

    def encode(self, weights, kind, importance):
        return encode(weights, kind)


@pytest.fixture
def model(tmp_path):
    return write_tiny_gguf(tmp_path / "model.gguf", dtype="BF16")


@pytest.fixture
def target(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "new.gguf"


@pytest.fixture(autouse=True)
def _everything_at_once(monkeypatch):
    """Digests and journal lines come at once, not a moment later from their threads."""

    def put(self, item):
        if callable(item):
            item(self._hash.hexdigest())
        else:
            self._hash.update(item)

    def note(self, entry):
        self._pending.append(entry)
        self._commit()

    monkeypatch.setattr(StreamDigest, "_put", put)
    monkeypatch.setattr(JournalKeeper, "note", note)


def killed(model, target, n_steps, quantizer=Q8_0, options=None, *, until=None, **more):
    """Leave what a process killed after ``n_steps`` or at the label ``until`` leaves."""
    with contextlib.closing(open_checkpoint(model)) as source:
        work = convert(source, quantizer, options, target, **more)
        for number, step in enumerate(work, 1):
            if step.label == until or number == n_steps:
                break
        left = [(path, path.read_bytes()) for path in target.parent.iterdir()]
        work.close()
    assert list(target.parent.iterdir()) == []
    for path, content in left:
        path.write_bytes(content)


def converted(model, target, quantizer=Q8_0, options=None, **more):
    with contextlib.closing(open_checkpoint(model)) as source:
        report = finish(convert(source, quantizer, options, target, **more))
    assert [each.name for each in target.parent.iterdir()] == [target.name]
    assert report.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    return report


@pytest.mark.parametrize("n_steps", [1, 4, 9, 15, 20])
def test_the_same_conversion_ends_in_the_same_file(model, target, tmp_path, n_steps):
    (tmp_path / "whole").mkdir()
    whole = converted(model, tmp_path / "whole" / "new.gguf")
    killed(model, target, n_steps)

    report = converted(model, target)

    assert report.sha256 == whole.sha256
    assert report.resumed_tensors == n_steps - 1
    resumed = f"{report.resumed_tensors} of {report.n_tensors} tensors"
    assert any(resumed in note for note in report.notes) == (n_steps > 1)


def test_a_conversion_may_be_killed_again_and_again(model, target):
    for n_steps in (6, 8, 11):
        killed(model, target, n_steps)

    assert converted(model, target).resumed_tensors > 5


def test_a_conversion_killed_while_its_end_is_checked_loses_nothing(model, target):
    killed(model, target, 0, until="checking what is written (100%)")
    assert (target.parent / "new.gguf.partial").read_bytes().count(b"0" * 64) == 0

    report = converted(model, target)

    assert report.resumed_tensors == report.n_tensors


def test_other_choices_begin_afresh_and_say_so(model, target):
    killed(model, target, 9)

    report = converted(model, target, PluginHost().quantizer("Q4_K_M"))

    assert report.resumed_tensors == 0
    assert any("made with other options: it was begun afresh" in note for note in report.notes)


def test_a_changed_source_begins_afresh_and_says_so(model, target):
    killed(model, target, 9)
    raw = bytearray(model.read_bytes())
    raw[-1] ^= 1
    model.write_bytes(raw)

    report = converted(model, target)

    assert report.resumed_tensors == 0
    assert any("the model has changed since" in note for note in report.notes)


def test_another_version_of_octavo_or_of_the_plugin_begins_afresh(model, target, monkeypatch):
    killed(model, target, 9, Chosen("1"))
    assert any("plugin has another version" in note for note in converted(model, target, Chosen("2")).notes)
    target.unlink()

    killed(model, target, 9, Chosen("1"))
    monkeypatch.setattr(recipe, "__version__", "99.0")
    assert any("another version of Octavo" in note for note in converted(model, target, Chosen("1")).notes)


def test_a_file_named_by_an_option_counts_with_its_content(model, target, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("one")
    killed(model, target, 9, Chosen(), Choices(str(text)))
    text.write_text("two")

    assert converted(model, target, Chosen(), Choices(str(text))).resumed_tensors == 0


class Known:
    """A calibration that notes what it is asked for."""

    def __init__(self):
        self.asked = []

    def encoder(self, tensor, to):
        self.asked.append(tensor.name)
        yield Progress(0, 0, "weighing")
        return lambda weights, _: encode(weights, to)

    def close(self):
        self.is_closed = True


class Stateless(Known):
    """One that looks at each tensor alone."""

    is_stateless = True


@pytest.mark.parametrize("kind", [Known, Stateless])
def test_a_calibration_is_asked_for_what_is_there_unless_it_looks_at_each_tensor_alone(model, target, kind):
    killed(model, target, 14, calibration=kind())
    known = kind()

    report = converted(model, target, calibration=known)

    assert report.resumed_tensors > 2
    assert len(known.asked) == report.n_tensors - (report.resumed_tensors if kind is Stateless else 0)


def test_a_disk_with_the_killed_file_on_it_is_large_enough(model, target, monkeypatch):
    killed(model, target, 9)
    held = target.with_name("new.gguf.partial").stat().st_blocks * 512
    usage = type("Usage", (), {"free": 100_000})
    assert held > 100_000
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)

    assert converted(model, target).resumed_tensors > 0
