"""What a long-running engine must not do: leave threads, memory or files behind, or answer late when stopped.

    python tests/benchmarks/endurance.py MODEL.gguf --generations 1000 --replies 300 --prefill 4000

Prints one line per check with its figures; the exit status is 1 if a check fails.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from client import EngineClient

from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.inference.reply import reply
from octavo.engine.inference.sampling import Sampling
from octavo.engine.inference.session import Session, load_session
from octavo.engine.progress import finish
from octavo.engine.stop import Stop
from octavo.engine.tokenizer.load import load_tokenizer
from octavo.worker.protocol import Chat, Load

_PROMPT = "The history of the printing press begins with"
_GROWTH_BYTES = 8 << 20  # allowed: the allocator's own slack
_LATE_SECONDS = 0.1


@contextlib.contextmanager
def loaded(model: Path, context_tokens: int, n_threads: int = 0) -> Iterator[Session]:
    """A session that is closed in the end."""
    with contextlib.closing(open_checkpoint(model)) as checkpoint:
        work = load_session(checkpoint, context_tokens=context_tokens, n_threads=n_threads)
        with contextlib.closing(finish(work)) as session:
            yield session


def greedy(model: Path, n_threads: int, n_tokens: int) -> list[int]:
    """The ids that greedy decoding gives with ``n_threads``."""
    with contextlib.closing(open_checkpoint(model)) as checkpoint:
        tokenizer = load_tokenizer(checkpoint)
    with loaded(model, 1024, n_threads) as session:
        ids = tokenizer.encode(_PROMPT)
        answer = finish(reply(session, tokenizer, ids, Sampling(temperature=0.0), n_tokens))
    return list(answer.tokens)


def check_threads(model: Path) -> bool:
    """Whether 1, 2 and 4 threads write the same text."""
    answers = [greedy(model, n, 200) for n in (1, 2, 4)]
    same = answers[0] == answers[1] == answers[2]
    print(f"greedy text of 1, 2 and 4 threads, {len(answers[0])} tokens: {'equal' if same else 'DIFFERENT'}")
    return same


def check_generations(model: Path, n: int) -> bool:
    """Whether ``n`` short sessions and answers leave nothing behind."""
    process = psutil.Process()

    def held() -> tuple[int, int, int]:
        return threading.active_count() + process.num_threads(), process.num_fds(), process.memory_info().rss

    def generate() -> None:
        with contextlib.closing(open_checkpoint(model)) as checkpoint:
            tokenizer = load_tokenizer(checkpoint)
            session = finish(load_session(checkpoint, context_tokens=256))
            with contextlib.closing(session):
                finish(reply(session, tokenizer, tokenizer.encode(_PROMPT), Sampling(seed=1), 4))

    for _ in range(20):
        generate()
    before = held()
    began = time.monotonic()
    for number in range(1, n + 1):
        generate()
        if number % 100 == 0:  # a load takes up to seconds beside other programs: hours for a thousand
            print(f"  {number} loads in {time.monotonic() - began:.0f} s", flush=True)
    after = held()
    grown = after[2] - before[2]
    print(
        f"{n} loads with short answers: threads {before[0]} -> {after[0]}, files {before[1]} -> {after[1]}, "
        f"memory {grown / 1e6:+.1f} MB"
    )
    return after[:2] == before[:2] and grown < _GROWTH_BYTES


def check_replies(model: Path, n: int) -> bool:
    """Whether ``n`` answers in one child, as the window asks for them, leave nothing behind in it."""
    with EngineClient() as client:
        client.ask(Load(path=str(model), context_tokens=512))
        child = psutil.Process(client.pid)

        def answer(number: int) -> None:
            told = [{"role": "user", "content": f"Tell me of the number {number}."}]
            client.ask(Chat(messages=told, max_tokens=8, key=f"endurance-{number % 4}"))

        def held() -> tuple[int, int, int]:
            return child.num_threads(), child.num_fds(), child.memory_full_info().uss

        for number in range(30):
            answer(number)
        before, processor = held(), sum(child.cpu_times()[:2])
        for number in range(n):
            answer(number)
        after, processor = held(), sum(child.cpu_times()[:2]) - processor
    grown = after[2] - before[2]
    print(
        f"{n} answers in one child: threads {before[0]} -> {after[0]}, files {before[1]} -> {after[1]}, "
        f"memory of its own {grown / 1e6:+.1f} MB, {processor / max(1, n):.2f} s of a processor each",
        flush=True,
    )
    return after[:2] == before[:2] and grown < _GROWTH_BYTES


def check_stop(model: Path, n_tokens: int) -> bool:
    """How late Stop takes effect in a long prefill."""
    delays = []
    with loaded(model, n_tokens + 64) as session:
        ids = [5] * n_tokens
        for moment in (0.05, 0.2, 0.35, 0.5, 0.65):
            session.truncate(0)
            stop = Stop()
            asked: list[float] = []

            def ask(stop: Stop = stop, asked: list[float] = asked) -> None:
                asked.append(time.perf_counter())
                stop.set()

            timer = threading.Timer(moment, ask)
            timer.start()
            with session.stopped_by(stop):
                for _ in session.prefill(ids):
                    if stop.is_set():
                        break
            ended = time.perf_counter()
            timer.join()
            delays.append(max(0.0, ended - asked[0]))
    late = max(delays)
    print(f"Stop during a prefill of {n_tokens} tokens: at most {1000 * late:.0f} ms")
    return late < _LATE_SECONDS


def check_idle(model: Path, seconds: float = 5.0) -> bool:
    """How much processor a loaded model takes between answers."""
    with loaded(model, 512) as session:
        finish(session.prefill([5, 6, 7]))
        time.sleep(0.5)
        before = sum(os.times()[:2])
        time.sleep(seconds)
        share = (sum(os.times()[:2]) - before) / seconds
    print(f"idle between answers: {100 * share:.2f} % of one core")
    return share < 0.005


def main() -> int:
    """Run all checks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--generations", type=int, default=1000)
    parser.add_argument("--replies", type=int, default=300)
    parser.add_argument("--prefill", type=int, default=4000)
    arguments = parser.parse_args()
    passed = [
        check_threads(arguments.model),
        check_stop(arguments.model, arguments.prefill),
        check_idle(arguments.model),
        check_replies(arguments.model, arguments.replies),
        check_generations(arguments.model, arguments.generations),
    ]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
