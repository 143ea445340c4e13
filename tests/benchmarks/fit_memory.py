"""Predicted and measured memory of the engine's child: a table for given models, contexts and KV types.

    python tests/benchmarks/fit_memory.py MODEL... --contexts 512 4096 --kv f16 q8_0 [--json FILE]

Each row starts a fresh child, loads the model, sends a prompt that fills the context, has it answer, and asks the
system for the child's resident memory (``VmRSS``, ``VmHWM``). Linux only. ``--fill`` bounds the prompt
where a full one would take too long; such rows are marked ``*``. Where the system gives huge pages, a cache is resident
long before it is full, as each head has a place of its own in it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from client import EngineClient, RequestFailed

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.checkpoint.open import open_checkpoint
from octavo.engine.estimate.memory import MemoryEstimate, estimate_memory, taken_bytes
from octavo.engine.estimate.program import loading_bytes
from octavo.worker.protocol import Chat, Event, Load, Replied

ANSWER_TOKENS = 4
ALLOWED_SHARE, ALLOWED_BYTES = 0.05, 20_000_000


@dataclass(frozen=True)
class Row:
    """One child; bytes."""

    model: str
    type: str
    context_tokens: int
    kv_type: str
    weights_bytes: int
    kv_bytes: int
    working_bytes: int
    program_bytes: int
    predicted_bytes: int
    measured_bytes: int
    used_tokens: int
    predicted_loading_bytes: int
    measured_loading_bytes: int

    @property
    def difference(self) -> int:
        """Predicted less measured."""
        return self.predicted_bytes - self.measured_bytes

    @property
    def is_within(self) -> bool:
        """Whether it is right within 5 % or 20 MB."""
        return abs(self.difference) <= max(ALLOWED_BYTES, ALLOWED_SHARE * self.measured_bytes)


def measured(path: Path, context_tokens: int, kv_type: str, n_threads: int, fill: int) -> Row:
    """Load, fill and weigh one model in a child of its own."""
    with contextlib.closing(open_checkpoint(path)) as checkpoint:
        card = checkpoint.card
    expected = estimate_memory(
        card, None, context_tokens=context_tokens, kv_type=kv_type, n_threads=n_threads
    )
    with EngineClient() as child:
        request = Load(path=str(path), context_tokens=context_tokens, kv_type=kv_type, n_threads=n_threads)
        child.ask(request)
        loading = _status(child.pid, "VmHWM")
        child.start()  # the first may have compiled kernels
        child.ask(request)
        loading = min(loading, _status(child.pid, "VmHWM"))
        used = _filled(child, min(context_tokens, fill or context_tokens))
        resident = _status(child.pid, "VmRSS")
    return _row(card, expected, context_tokens, kv_type, n_threads, resident, used, loading)


def _row(
    card: ModelCard,
    expected: MemoryEstimate,
    context_tokens: int,
    kv_type: str,
    n_threads: int,
    resident: int,
    used: int,
    loading: int,
) -> Row:
    return Row(
        model=Path(card.path).stem,
        type=card.type_name,
        context_tokens=context_tokens,
        kv_type=kv_type,
        **asdict(expected),
        predicted_bytes=expected.total_bytes,
        measured_bytes=resident,
        used_tokens=used,
        predicted_loading_bytes=loading_bytes(
            card,
            expected.weights_bytes,
            n_threads,
            taken_bytes=taken_bytes(card, context_tokens, kv_type=kv_type, n_threads=n_threads),
        ),
        measured_loading_bytes=loading,
    )


def _filled(child: EngineClient, n_tokens: int) -> int:
    """Send as many words as fit; tokens in the cache after the answer."""
    words = n_tokens
    replies: list[Replied] = []

    def tell(event: Event) -> None:
        if isinstance(event, Replied):
            replies.append(event)

    while words > 0:
        messages = [{"role": "user", "content": " a" * words}]
        try:
            asked = child.ask(
                Chat(messages=messages, sampling={"temperature": 0.0}, max_tokens=ANSWER_TOKENS), tell
            )
        except RequestFailed as refusal:  # tells how many tokens the words are
            needed = int("".join(filter(str.isdigit, refusal.message.split(" tokens")[0].replace(",", ""))))
            words = int(words * (n_tokens - 2 * ANSWER_TOKENS) / needed) - ANSWER_TOKENS
            continue
        assert asked is None
        return replies[-1].context_used
    raise SystemExit("The context is too short for the model's template.")


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return 1024 * int(line.split()[1])
    raise SystemExit(f"The system does not tell {name}.")


def table(rows: list[Row]) -> str:
    """Markdown; MB are millions of bytes."""
    lines = [
        "| model | context | KV | weights | cache | working | program | predicted | measured | difference | |",
        "| --- | --: | --- | --: | --: | --: | --: | --: | --: | --: | --- |",
    ]
    for row in rows:
        parts = (row.weights_bytes, row.kv_bytes, row.working_bytes, row.program_bytes)
        sizes = (*parts, row.predicted_bytes, row.measured_bytes, row.difference)
        cells = [row.model, str(row.context_tokens), row.kv_type, *(f"{each / 1e6:.1f}" for each in sizes)]
        cells[-1] += f" ({row.difference / row.measured_bytes:+.1%})"
        share = "" if row.used_tokens > 0.85 * row.context_tokens else "*"
        lines.append(f"| {' | '.join(cells)} | {'within' if row.is_within else 'OUTSIDE'}{share} |")
    return "\n".join(lines)


def loading_table(rows: list[Row]) -> str:
    """The most that each child held until its model was ready."""
    lines = [
        "| model | context | KV | while loading, predicted | measured | difference |",
        "| --- | --: | --- | --: | --: | --: |",
    ]
    for row in rows:
        said, came = row.predicted_loading_bytes, row.measured_loading_bytes
        cells = [row.model, str(row.context_tokens), row.kv_type, f"{said / 1e6:.1f}", f"{came / 1e6:.1f}"]
        lines.append(f"| {' | '.join(cells)} | {(said - came) / 1e6:.1f} ({said / came - 1:+.1%}) |")
    return "\n".join(lines)


def main() -> None:
    """Measure all rows and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--contexts", nargs="+", type=int, default=[512, 4096])
    parser.add_argument("--kv", nargs="+", default=["f16", "q8_0"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--fill", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    for path in options.models:
        for context_tokens in options.contexts:
            for kv_type in options.kv:
                rows.append(measured(path, context_tokens, kv_type, options.threads, options.fill))
                print(table(rows[-1:]).splitlines()[-1], flush=True)
    print()
    print(table(rows))
    print()
    print(loading_table(rows))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
