"""``octavo fit``: what a model needs here, as it is and as each quantizer would make it."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from typing import TYPE_CHECKING

from octavo.cli import figures
from octavo.cli.options import AsJson, Context, Kv, KvType, Model, NoPlugins, model_path
from octavo.cli.output import print_facts, print_json, print_line, print_note, print_table
from octavo.cli.plugins import plugin_host

if TYPE_CHECKING:
    from collections.abc import Sequence

    from octavo.engine.checkpoint.model import ModelCard
    from octavo.engine.estimate.fit import FitRow
    from octavo.engine.hardware.memory import MemoryPool


def fit(
    model: Model,
    context: Context = 0,
    kv: Kv = KvType.f16,
    as_json: AsJson = False,
    no_plugins: NoPlugins = False,
) -> None:
    """Show what a model needs on this computer, as it is and in each smaller form. Nothing is loaded."""
    from octavo.engine.checkpoint.open import open_checkpoint
    from octavo.engine.estimate.fit import fit_rows
    from octavo.engine.hardware.bandwidth import read_bandwidth
    from octavo.engine.hardware.cores import processor_name, usable_threads

    with contextlib.closing(open_checkpoint(model_path(model))) as checkpoint:
        card = checkpoint.card
    host = plugin_host(no_plugins)
    pools, n_threads = host.memory_pools(), usable_threads()
    context = context or _usual_context(card, pools, kv, n_threads)
    rows = fit_rows(
        card,
        host.quantizers(),
        context_tokens=context,
        kv_type=kv.value,
        pools=pools,
        n_threads=n_threads,
        bandwidth=read_bandwidth(n_threads),
    )
    if as_json:
        machine = {
            "processor": processor_name(),
            "threads": n_threads,
            "memory_pools": [asdict(pool) for pool in pools],
        }
        asked = {"model": card.path, "context_tokens": context, "kv_type": kv.value}
        print_json({"machine": machine} | asked | {"rows": [asdict(row) for row in rows]})
        return
    print_facts(
        [
            ("Computer", f"{processor_name()}, {n_threads} threads"),
            *_memories(pools),
            ("Model", f"{card.name}, {figures.parameters(card.n_parameters)} parameters"),
            ("Context", f"{figures.count(context)} tokens in {kv.value}"),
        ]
    )
    if context > card.hyperparameters.context_length:
        print_note(f"The model was made for {figures.count(card.hyperparameters.context_length)} tokens.")
    print_line()
    _print_rows(rows)


def _usual_context(card: ModelCard, pools: Sequence[MemoryPool], kv: KvType, n_threads: int) -> int:
    """The context that the loader would choose, or the shortest reasonable one where nothing fits."""
    from octavo.engine.estimate.fit import available_bytes
    from octavo.engine.estimate.memory import DEFAULT_CONTEXT, default_context
    from octavo.engine.estimate.verdict import FITS_SHARE

    allowed = int(FITS_SHARE * available_bytes(pools))
    fitting = default_context(card, None, allowed, kv_type=kv.value, n_threads=n_threads)
    return fitting or min(DEFAULT_CONTEXT, card.hyperparameters.context_length)


def _memories(pools: Sequence[MemoryPool]) -> list[tuple[str, str]]:
    return [
        (pool.name, f"{figures.size(pool.free_bytes)} free of {figures.size(pool.total_bytes)}")
        for pool in pools
    ]


def _print_rows(rows: Sequence[FitRow]) -> None:
    headings = ("", "FILE", "WEIGHTS", "CONTEXT", "WORKING", "PROGRAM", "MEMORY", "SPEED", "VERDICT")
    print_table(headings, [_cells(row) for row in rows], right="lrrrrrrr")
    print_line()
    for row in rows:
        if row.verdict != "runs well":
            print_line(f"{row.quantizer}: {row.sentence}")
    print_line("Sizes of files are exact, memory and speed are estimates.")


def _cells(row: FitRow) -> list[str]:
    parts = (row.weights_bytes, row.kv_bytes, row.working_bytes, row.program_bytes, row.total_bytes)
    return [
        row.quantizer,
        figures.size(row.file_bytes) if row.file_bytes else "",
        *(figures.size(part) if row.total_bytes else "" for part in parts),
        figures.speed(row.tokens_per_second) if row.tokens_per_second else "",
        row.verdict,
    ]
