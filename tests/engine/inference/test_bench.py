"""Benchmarks of a model report what they timed."""

import threading

import pytest
from tests.fixtures.checkpoints import write_tiny_gguf

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.inference.bench import bench
from octavo.engine.progress import finish


@pytest.mark.parametrize(("prompt_tokens", "generate_tokens", "depth"), [(16, 4, 0), (0, 3, 9), (8, 0, 20)])
def test_rates_are_those_of_what_was_asked_for(tmp_path, prompt_tokens, generate_tokens, depth):
    checkpoint = open_checkpoint(write_tiny_gguf(tmp_path / "tiny.gguf", dtype="Q8_0"))
    asked = {"prompt_tokens": prompt_tokens, "generate_tokens": generate_tokens, "depth": depth}

    report = finish(bench(checkpoint, **asked, n_threads=2, repeat=3))

    for rate, n_tokens in ((report.prefill, prompt_tokens), (report.decode, generate_tokens)):
        assert (rate.median > 0) == (n_tokens > 0)
        assert rate.lowest <= rate.median <= rate.highest
    assert (report.n_threads, report.depth) == (2, depth)
    assert not [each for each in threading.enumerate() if each.name.startswith("octavo")]
