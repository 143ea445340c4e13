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


def test_the_share_of_the_memory_s_speed_is_that_of_the_bytes_read(tmp_path):
    path = write_tiny_gguf(tmp_path / "tiny.gguf", dtype="Q8_0")
    checkpoint = open_checkpoint(path)

    report = finish(bench(checkpoint, prompt_tokens=4, generate_tokens=4, n_threads=1, repeat=1))

    embedding = checkpoint.tensor("token_embd.weight").n_bytes
    assert report.bytes_per_token >= sum(each.n_bytes for each in checkpoint.tensors) - embedding
    share = report.bytes_per_token * report.decode.median / report.bandwidth
    assert report.roofline_share == pytest.approx(share)
