"""Times this computer's kernels with models of zeros: seconds for all kinds of weights together.

Each figure is the median of several rounds: the best would be a promise that the computer seldom keeps. An answer's
rounds are short, and all of them may meet the same neighbour: they are timed at several moments, of which the quietest
counts.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from octavo.engine.blocks.types import block_type
from octavo.engine.estimate.speeds import CacheSpeed, KindSpeed, Speeds, keep_speeds, known_speeds
from octavo.engine.hardware.bandwidth import bandwidth_curve
from octavo.engine.hardware.bystanders import Bystanders
from octavo.engine.hardware.fresh_memory import fresh_memory_seconds
from octavo.engine.hardware.interpreter import interpreter_seconds
from octavo.engine.inference.needed_kernels import entries_of
from octavo.engine.inference.session import Session
from octavo.engine.inference.stand_in import Shape, make_stand_in
from octavo.engine.kernels.layout import LAYOUTS, MAX_BATCH
from octavo.engine.progress import Progress, Work, finish
from octavo.engine.simd.compile_ahead import compile_ahead

_ANSWER_ROUNDS, _PROMPT_ROUNDS = 9, 3
_MOMENTS, _SECONDS_BETWEEN_MOMENTS = 5, 0.008
_DEPTH = 1536
_PLAIN = "Q8_0"
# As SmolLM2 and TinyLlama are: from both follows what each column costs beside the weights.
_SMALL_SHAPE = Shape(n_layers=4, width=576, feed_forward=1536, n_heads=9, n_kv_heads=3)
_LARGE_SHAPE = Shape(n_layers=1, width=2048, feed_forward=5632, n_heads=32, n_kv_heads=4)
_KIND_SHAPE = Shape(n_layers=1, width=1024, feed_forward=2816, n_heads=16, n_kv_heads=4)
_NARROW_SHAPE = Shape(n_layers=16, width=128, feed_forward=128, n_heads=2, n_kv_heads=2)
_CACHE_SHAPE = Shape(n_layers=4, width=576, feed_forward=32, n_heads=9, n_kv_heads=3)
_KV_TYPES = ("f16", "q8_0")


def read_speeds(
    kinds: Collection[str], n_threads: int, *, again: bool = False, compiles: bool = False
) -> Work[Speeds]:
    """What is known of this computer's speed; times what is not known yet of ``kinds``, or all ``again``.

    Kinds whose kernels are not compiled are left out, unless ``compiles``: that may take a minute.
    """
    if compiles:
        wanted = [block_type(each) for each in sorted({*kinds, _PLAIN}) if each in LAYOUTS]
        yield from compile_ahead(entries_of(wanted, _KV_TYPES), n_threads)
    others = Bystanders()
    speeds = None if again else known_speeds(n_threads)
    is_new = speeds is None
    if speeds is None:
        yield Progress(0, 1, "memory")
        speeds = Speeds(
            n_threads,
            bandwidth_curve(n_threads, again=again),
            fresh_memory=fresh_memory_seconds(),
            interpreter=interpreter_seconds(),
        )
    missing = [each for each in kinds if each in LAYOUTS and each not in speeds.kinds and is_compiled(each)]
    if not speeds.caches and is_compiled(_PLAIN):
        yield Progress(0, len(missing) + 1, "attention")
        speeds = _with_basics(speeds)
    for done, name in enumerate(missing):
        yield Progress(done + 1, len(missing) + 1, name)
        speeds = speeds.with_kind(name, _kind_speed(speeds, name))
    if missing or again:
        speeds = replace(speeds, busy=others.share())
    if is_new:
        # Once more, seconds later: a burst of something else is over then, and a slow computer still slow.
        speeds = replace(speeds, interpreter=min(speeds.interpreter, interpreter_seconds()))
    keep_speeds(speeds)
    return speeds


def is_compiled(kind: str) -> bool:
    """Whether all kernels of a model of this block type are in the cache."""
    return all(each.is_compiled for each in entries_of([block_type(kind)], _KV_TYPES))


def kernels_to_compile(kinds: Collection[str]) -> int:
    """How many kernels ``read_speeds`` would compile for these kinds."""
    wanted = [block_type(each) for each in {*kinds, _PLAIN} if each in LAYOUTS]
    return sum(not each.is_compiled for each in dict.fromkeys(entries_of(wanted, _KV_TYPES)))


def _with_basics(speeds: Speeds) -> Speeds:
    """Layers without weights and attention, then with attention."""
    # Its weights are few: what is left is the work of layers.
    narrow = _timed(speeds.n_threads, _PLAIN, _NARROW_SHAPE)
    speeds = replace(speeds, layer=narrow.answer / _NARROW_SHAPE.n_layers)
    speeds = replace(speeds, caches={kv_type: _cache_speed(speeds, kv_type) for kv_type in _KV_TYPES})
    return replace(speeds, column=_column_seconds(speeds))


def _column_seconds(speeds: Speeds) -> float:
    """The seconds of a column for each token: narrow matrices have more columns for each weight than wide ones."""
    small, large = (
        _without_attention(speeds, shape, _timed(speeds.n_threads, _PLAIN, shape).prompt) / shape.n_weights
        for shape in (_SMALL_SHAPE, _LARGE_SHAPE)
    )
    per_weight = [shape.n_columns / shape.n_weights for shape in (_SMALL_SHAPE, _LARGE_SHAPE)]
    return max(0.0, (small - large) / (per_weight[0] - per_weight[1]))


def _without_attention(speeds: Speeds, shape: Shape, prompt_seconds: float) -> float:
    """Seconds of a token of a prompt, less those of its attention."""
    attention = speeds.caches["f16"].prefill if speeds.caches else 0.0
    attended = shape.n_layers * 2 * shape.width * (MAX_BATCH // 2)
    return max(prompt_seconds / MAX_BATCH - attention * attended, 0.1 * prompt_seconds / MAX_BATCH)


def _cache_speed(speeds: Speeds, kv_type: str) -> CacheSpeed:
    shape = _CACHE_SHAPE
    made = make_stand_in(
        shape,
        block_type(_PLAIN),
        context_tokens=_DEPTH + MAX_BATCH + 1,
        kv_type=kv_type,
        n_threads=speeds.n_threads,
    )
    with contextlib.closing(made.session) as session:
        # In this order the session reads its way down once.
        near_prompt, near_answer = _prompt_seconds(session, 0), _answer_seconds(session, 1)
        far_prompt, far_answer = _prompt_seconds(session, _DEPTH), _answer_seconds(session, _DEPTH)
    attended = shape.n_layers * 2 * shape.width * _DEPTH
    return CacheSpeed(
        decode=max(0.0, far_answer - near_answer) / attended,
        prefill=max(0.0, far_prompt - near_prompt) / (attended * MAX_BATCH),
    )


def _kind_speed(speeds: Speeds, name: str) -> KindSpeed:
    shape = _KIND_SHAPE
    found = _timed(speeds.n_threads, name, shape)
    prompt = _without_attention(speeds, shape, found.prompt)
    answer = found.answer - shape.n_layers * speeds.layer
    return KindSpeed(
        decode=max(answer, 0.1 * found.answer) / found.packed_bytes,
        prefill=max(prompt - speeds.column * shape.n_columns, 0.1 * prompt) / shape.n_weights,
        packing=found.packing,
    )


@dataclass(frozen=True)
class _Times:
    """Seconds of one stand-in: for a token of an answer, for a prompt of 512, and for packing a byte."""

    answer: float
    prompt: float
    packing: float
    packed_bytes: int


def _timed(n_threads: int, kind: str, shape: Shape) -> _Times:
    made = make_stand_in(
        shape, block_type(kind), context_tokens=MAX_BATCH + 1, kv_type="f16", n_threads=n_threads
    )
    with contextlib.closing(made.session) as session:
        prompt, answer = _prompt_seconds(session, 0), _answer_seconds(session, 1)
        return _Times(answer, prompt, made.packing_seconds, session.weights_bytes)


def _prompt_seconds(session: Session, depth: int) -> float:
    return _usual(session, depth, lambda: finish(session.prefill([0] * MAX_BATCH)), _PROMPT_ROUNDS)


def _answer_seconds(session: Session, depth: int) -> float:
    moments = []
    for _ in range(_MOMENTS):
        moments.append(_usual(session, depth, lambda: session.step(0), _ANSWER_ROUNDS))
        time.sleep(_SECONDS_BETWEEN_MOMENTS)
    return min(moments)


def _usual(session: Session, depth: int, work: Callable[[], object], n_rounds: int) -> float:
    """Seconds of a usual round, each after ``depth`` tokens."""
    rounds = []
    for _ in range(n_rounds):
        kept = session.truncate(depth)
        finish(session.prefill([0] * (depth - kept)))
        started = time.perf_counter()
        work()
        rounds.append(time.perf_counter() - started)
    return statistics.median(rounds)
