"""Measuring tiny models: before and after the file is written, from the cache, refused, cancelled."""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import replace

import numpy as np
import pytest
from tests.fixtures.checkpoints import write_tiny_gguf
from tests.fixtures.tiny_models import TINY

from octavo.engine.blocks.codec import encode
from octavo.engine.blocks.types import block_type
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.convert.convert import convert
from octavo.engine.errors import NotEnoughMemory, OctavoError
from octavo.engine.folders import cache_folder
from octavo.engine.measure.figures import Figures
from octavo.engine.measure.job import measure_model
from octavo.engine.measure.text import Text, cut_windows, read_text
from octavo.engine.progress import Progress, finish
from octavo.engine.quantize.quantizer import Plan
from octavo.engine.stop import Stop

SMALL = replace(TINY, n_feed_forward=256, n_layers=2, context_length=32)
PLENTY = 1 << 36
TEXT = Text("a text", "hello world and the small model of 34 tokens, quantized; " * 8)


class Q4:
    """Matrices in Q4_0, the rest as it is."""

    name, summary, format, Options = "Q4", "", "gguf", None

    def plan(self, tensors, options):
        return Plan(
            {t.name: block_type("Q4_0") if t.is_matrix else t.block_type for t in reversed(tensors)},
            file_type=2,
        )

    def encode(self, weights, to, importance):
        return encode(weights, to)


class Shrinking:
    """A calibration that makes every third row smaller; says in which order it was asked."""

    def __init__(self):
        self.asked = []

    def encoder(self, tensor, to):
        self.asked.append(tensor.name)
        yield Progress(0, 0, "calibrate")

        def encoded(weights, first):
            factors = np.where((first + np.arange(len(weights))) % 3 == 0, np.float32(0.9), np.float32(1))
            return encode(weights * factors[:, None], to)

        return encoded

    def close(self):
        self.asked.append("closed")


@pytest.fixture
def model(tmp_path):
    with contextlib.closing(open_checkpoint(write_tiny_gguf(tmp_path / "tiny.gguf", shape=SMALL))) as opened:
        yield opened


def measured(*arguments, **options):
    return finish(steps_without_figures(measure_model(*arguments, **defaults(options))))


def defaults(options):
    return {"text": TEXT, "tokens": 96, "n_threads": 1, "available_bytes": PLENTY} | options


def steps_without_figures(measuring):
    while True:
        try:
            step = next(measuring)
        except StopIteration as end:
            return end.value
        if isinstance(step, Progress):
            yield step


@pytest.mark.parametrize("calibration", [None, Shrinking])
def test_figures_before_the_file_exists_are_those_of_the_file(model, tmp_path, calibration):
    before = measured(model, quantizer=Q4(), calibration=calibration() if calibration else None)
    work = convert(
        model, Q4(), None, tmp_path / "q4.gguf", calibration=calibration() if calibration else None
    )
    finish(work)
    with contextlib.closing(open_checkpoint(tmp_path / "q4.gguf")) as written:
        after = measured(written, reference=model)

    assert before.figures == after.figures
    assert before.file_bytes == after.file_bytes == (tmp_path / "q4.gguf").stat().st_size
    assert before.window_kl == after.window_kl
    assert before.figures.mean_kl.value > 1e-4


def test_a_calibration_is_asked_in_the_order_of_the_file_and_leaves_no_file(model):
    calibration = Shrinking()
    before = set(cache_folder().iterdir())
    measured(model, quantizer=Q4(), calibration=calibration)
    assert calibration.asked == [*(each.name for each in reversed(model.tensors)), "closed"]
    assert [each.name for each in set(cache_folder().iterdir()) - before] == ["references"]


def test_while_a_calibration_runs_the_labels_tell_what_is_known_without_it(model):
    work = measure_model(model, quantizer=Q4(), calibration=Shrinking(), **defaults({}))
    labels = [step.label for step in work if isinstance(step, Progress)]

    calibrating = [each for each in labels if each.startswith("calibrate")]
    assert "without calibration KL 0." in calibrating[0]
    assert labels.index(calibrating[0]) > 2
    quick = measured(model, quantizer=Q4()).figures.mean_kl
    assert f"KL {quick.value:.4f} ({quick.low:.4f} to {quick.high:.4f})" in calibrating[0]


def test_a_model_against_itself_differs_by_nothing_to_speak_of(model):
    figures = measured(model, reference=model).figures
    assert figures.mean_kl.value < 1e-6
    assert figures.same_top_1.value == 1
    assert figures.perplexity == figures.reference_perplexity
    assert figures.perplexity_ratio.value == 1


def test_perplexity_is_known_without_a_reference(model):
    found = measured(model)
    assert found.figures.mean_kl is None
    assert found.figures.perplexity == measured(model, reference=model).figures.perplexity
    assert (found.reference, found.text, found.text_tokens) == ("", "a text", 96)


def test_the_cache_spares_the_reference_and_changes_no_bit(model):
    first = measured(model, quantizer=Q4())
    second = measured(model, quantizer=Q4())
    longer = measured(model, quantizer=Q4(), tokens=128)
    assert (first.reused_windows, second.reused_windows, longer.reused_windows) == (0, 3, 3)
    assert first.figures == second.figures
    assert longer.window_kl[:3] == first.window_kl


def test_models_that_do_not_fit_together_are_read_one_after_another(model):
    together = measured(model, quantizer=Q4())
    for path in cache_folder().glob("references/*/*"):
        path.unlink()
    needed = needed_bytes(model)
    labels = [
        each.label
        for each in measure_model(model, **defaults({"quantizer": Q4(), "available_bytes": needed}))
        if isinstance(each, Progress) and each.label in ("reference", "model")
    ]
    assert labels == sorted(labels, reverse=True)
    assert measured(model, quantizer=Q4(), available_bytes=needed).figures == together.figures


def needed_bytes(model):
    """Memory with which either model is admitted, and both together are not."""
    with pytest.raises(NotEnoughMemory, match=r"Measuring needs .* are free") as caught:
        measured(model, quantizer=Q4(), available_bytes=1)
    return int(caught.value.needed / 0.9) + 1000


def test_two_models_that_fit_neither_together_nor_on_the_disk_are_refused(model, monkeypatch):
    monkeypatch.setattr(
        "octavo.engine.measure.reference_cache.ReferenceCache.has_room", lambda *arguments: False
    )
    with pytest.raises(NotEnoughMemory, match="no room on the disk"):
        measured(model, quantizer=Q4(), available_bytes=needed_bytes(model))


def test_a_disk_that_fills_up_meanwhile_ends_only_what_cannot_do_without(model, monkeypatch):
    expected = measured(model, quantizer=Q4()).figures
    for path in cache_folder().glob("references/*/*"):
        path.unlink()

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("octavo.engine.measure.reference_cache.ReferenceCache.store", full)
    assert measured(model, quantizer=Q4()).figures == expected
    with pytest.raises(OSError, match="No space left"):
        measured(model, quantizer=Q4(), available_bytes=needed_bytes(model))


def test_a_cache_that_cannot_be_used_is_done_without(model):
    (cache_folder() / "references").write_text("in the way")

    assert measured(model, quantizer=Q4()).reused_windows == 0


def test_a_changed_file_is_another_reference(model, tmp_path):
    measured(model, quantizer=Q4())
    os.utime(tmp_path / "tiny.gguf", (1, 1))
    with contextlib.closing(open_checkpoint(tmp_path / "tiny.gguf")) as changed:
        assert measured(changed, quantizer=Q4()).reused_windows == 0


def test_figures_come_from_the_second_window_on(model):
    found = [
        each for each in measure_model(model, **defaults({"reference": model})) if isinstance(each, Figures)
    ]
    assert found[0].windows == 2
    assert found[0].mean_kl is not None


def test_closing_early_leaves_what_was_read_for_the_next_time(model):
    measuring = measure_model(model, **defaults({"quantizer": Q4()}))
    while not isinstance(next(measuring), Figures):
        pass
    measuring.close()
    assert measured(model, quantizer=Q4()).reused_windows == 2


def test_a_stop_ends_the_step(model):
    stop = Stop()
    measuring = measure_model(model, **defaults({"quantizer": Q4(), "stop": stop}))
    while not isinstance(next(measuring), Figures):
        pass
    stop.set()
    with pytest.raises(OctavoError, match="stopped"):
        finish(steps_without_figures(measuring))


def test_reference_of_another_vocabulary_is_refused(model, tmp_path):
    path = write_tiny_gguf(tmp_path / "gemma.gguf", "gemma3", shape=SMALL)
    with (
        contextlib.closing(open_checkpoint(path)) as other,
        pytest.raises(OctavoError, match=r"gemma\.gguf has another vocabulary \(.* tokens instead of .*\)"),
    ):
        measured(model, reference=other)


def test_short_texts_and_few_tokens_are_refused_with_what_is_needed(model):
    with pytest.raises(OctavoError, match=r"short has \d+ tokens, too few .* 64 tokens or more"):
        measured(model, text=Text("short", "hello"))
    with pytest.raises(OctavoError, match=r"40 tokens are too few to measure\. Read 64 or more"):
        measured(model, tokens=40)


def test_windows_are_cut_as_llama_cpp_cuts_them():
    found = cut_windows("t", range(10, 20), first_id=1, context_length=4)
    assert found.windows == [[1, 10, 11, 12], [1, 14, 15, 16]]
    assert cut_windows("t", range(10), first_id=None, context_length=4).windows == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
    ]


def test_texts_that_are_none_are_refused(tmp_path):
    (tmp_path / "latin").write_bytes(b"\xe4h")
    with pytest.raises(OctavoError, match="latin is not a text in UTF-8"):
        read_text(tmp_path / "latin")
    with pytest.raises(OctavoError, match="There is no text file"):
        read_text(tmp_path / "missing")
    (tmp_path / "binary").write_bytes(b"GGUF\0\0\0")
    with pytest.raises(OctavoError, match=r"binary is not a text\."):
        read_text(tmp_path / "binary")
    (tmp_path / "blank").write_bytes(b"\n \n")
    with pytest.raises(OctavoError, match="blank is empty"):
        read_text(tmp_path / "blank")
