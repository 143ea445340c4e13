"""How fast a model runs here: prefill and decode, in tokens per second, with their spread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from octavo.engine.checkpoint.model import Checkpoint
from octavo.engine.hardware.bandwidth import read_bandwidth
from octavo.engine.inference.session import Session, load_session
from octavo.engine.progress import Progress, Work, finish


@dataclass(frozen=True)
class Rate:
    """Tokens per second over several repeats."""

    median: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class BenchReport:
    """What ``bench`` measured; seconds, bytes, tokens per second.

    Parameters
    ----------
    bytes_per_token : int
        Weights and cache that one new token reads, in the middle of the answer.
    bandwidth : float
        Bytes per second that as many threads read from memory, probed on this computer.
    roofline_share : float
        ``bytes_per_token * decode.median / bandwidth``: decoding cannot pass 1 unless the processor's caches hold the
        model (Williams et al., "Roofline", 2009); 0 where nothing was decoded.
    """

    prefill: Rate
    decode: Rate
    load_seconds: float
    tier: str
    n_threads: int
    prompt_tokens: int
    generate_tokens: int
    depth: int
    kv_type: str
    bytes_per_token: int
    bandwidth: float
    roofline_share: float


def _rate(n_tokens: int, seconds: Sequence[float]) -> Rate:
    rates = [n_tokens / each for each in seconds]
    return Rate(statistics.median(rates), min(rates), max(rates)) if rates else Rate(0.0, 0.0, 0.0)


def time_prefill(session: Session, ids: Sequence[int]) -> float:
    """Seconds to read ``ids`` after what the session holds."""
    begin = time.perf_counter()
    finish(session.prefill(ids))
    return time.perf_counter() - begin


def time_decode(session: Session, n_tokens: int) -> float:
    """Seconds to write ``n_tokens`` greedily."""
    begin = time.perf_counter()
    for _ in range(n_tokens):
        session.step(int(np.argmax(session.logits_row)))
    return time.perf_counter() - begin


def bench(
    checkpoint: Checkpoint,
    *,
    prompt_tokens: int = 512,
    generate_tokens: int = 128,
    depth: int = 0,
    n_threads: int = 0,
    repeat: int = 5,
    kv_type: str = "f16",
) -> Work[BenchReport]:
    """Load the model and time it; random tokens, as llama-bench does.

    Parameters
    ----------
    prompt_tokens, generate_tokens : int
    depth : int
        Tokens already in the cache when the timing begins.
    n_threads : int
        0 for all usable cores.
    """
    begin = time.perf_counter()
    context = depth + max(prompt_tokens, generate_tokens + 1) + 1
    session = yield from load_session(
        checkpoint, context_tokens=context, kv_type=kv_type, n_threads=n_threads
    )
    load_seconds = time.perf_counter() - begin
    try:
        random = np.random.default_rng(0)
        ids = random.integers(0, session.shape.n_vocabulary, depth + prompt_tokens + 1).tolist()
        finish(session.prefill(ids[: max(depth, 1)]))
        prefill, decode = [], []
        for turn in range(repeat):
            yield Progress(turn, repeat, "bench", turn + 1, repeat)
            session.truncate(depth)
            if len(session.tokens) < depth:
                finish(session.prefill(ids[len(session.tokens) : depth]))
            if prompt_tokens:
                prefill.append(time_prefill(session, ids[depth : depth + prompt_tokens]))
                session.truncate(depth)
            if generate_tokens:
                finish(session.prefill(ids[len(session.tokens) : depth + 1]))
                decode.append(time_decode(session, generate_tokens))
        rate = _rate(generate_tokens, decode)
        read = session.bytes_per_token(depth + generate_tokens // 2)
        bandwidth = read_bandwidth(session.n_threads)
        return BenchReport(
            prefill=_rate(prompt_tokens, prefill),
            decode=rate,
            load_seconds=load_seconds,
            tier=session.tier,
            n_threads=session.n_threads,
            prompt_tokens=prompt_tokens,
            generate_tokens=generate_tokens,
            depth=depth,
            kv_type=kv_type,
            bytes_per_token=read,
            bandwidth=bandwidth,
            roofline_share=read * rate.median / bandwidth,
        )
    finally:
        session.close()
