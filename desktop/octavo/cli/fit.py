"""``octavo fit``: what a model needs here, as it is and as each quantizer would make it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from octavo.cli import figures
from octavo.cli.fit_speeds import KnownSpeeds, find_speeds
from octavo.cli.fit_words import (
    band_sentences,
    bands_of_the_ledger,
    graphics_sentences,
    memories,
    print_rows,
)
from octavo.cli.options import AsJson, Context, Kv, KvType, Model, NoPlugins, model_path
from octavo.cli.output import print_facts, print_json, print_line, print_note, print_sentence
from octavo.cli.plugins import plugin_host
from octavo.cli.what_if import byte_size, card_sizes

if TYPE_CHECKING:
    from octavo.engine.checkpoint.model import ModelCard
    from octavo.engine.estimate.fit import FitRow
    from octavo.engine.hardware.pools import MemoryPool

Depth = Annotated[
    int, typer.Option("--depth", metavar="N", min=0, help="Tell the speed after N tokens of conversation.")
]
Prompt = Annotated[
    int,
    typer.Option("--prompt", metavar="N", min=0, help="Tell the time to the first word after N more tokens."),
]
Ram = Annotated[
    str,
    typer.Option("--ram", metavar="SIZE", help="As if the computer had this much memory, for example 16GB."),
]
Vram = Annotated[
    list[str] | None,
    typer.Option(
        "--vram",
        metavar="SIZE",
        help="As if it had a graphics card with this much memory; several: 24GB,8GB or 2x24GB.",
        show_default=False,
    ),
]
Probe = Annotated[
    bool | None,
    typer.Option(
        "--probe/--no-probe",
        metavar="",
        help="Time this computer anew, with all formats; or not at all. By default it is timed once.",
        show_default=False,
    ),
]

_SECONDS_FOR_DRIVERS = 10
_SLOW_DRIVERS = f"their driver did not answer within {_SECONDS_FOR_DRIVERS} s."


def fit(
    model: Model,
    context: Context = 0,
    kv: Kv = KvType.f16,
    depth: Depth = 0,
    prompt: Prompt = 0,
    ram: Ram = "",
    vram: Vram = None,
    probe: Probe = None,
    as_json: AsJson = False,
    no_plugins: NoPlugins = False,
) -> None:
    """Show what a model needs on this computer, as it is and in each smaller form. Nothing is loaded."""
    from octavo.engine.checkpoint.open import open_checkpoint
    from octavo.engine.convert.forecast import memory_bytes
    from octavo.engine.estimate.fit import fit_rows
    from octavo.engine.hardware.cores import processor_name, usable_threads
    from octavo.engine.hardware.pools import imagined_pools

    with contextlib.closing(open_checkpoint(model_path(model))) as checkpoint:
        card = checkpoint.card
    host = plugin_host(no_plugins)
    n_threads = usable_threads()
    are_cards_known = _asked_for_cards()
    pools = imagined_pools(host.memory_pools(), ram=byte_size(ram), vram=card_sizes(vram or []))
    context = context or _usual_context(card, pools, kv, n_threads)
    quantizers = host.quantizers()
    found_speeds = find_speeds(card, quantizers, n_threads, probe)
    rows = fit_rows(
        card,
        quantizers,
        context_tokens=context,
        kv_type=kv.value,
        pools=pools,
        n_threads=n_threads,
        speeds=found_speeds.speeds,
        depth=depth,
    )
    bands = bands_of_the_ledger()
    is_simulated = bool(ram or vram)
    if as_json:
        machine = _machine(pools, processor_name(), n_threads, found_speeds) | {"simulated": is_simulated}
        asked = {"model": card.path, "context_tokens": context, "kv_type": kv.value, "depth": depth}
        asked |= {"convert_bytes": memory_bytes(card), "prompt_tokens": prompt}
        found = {"rows": [asdict(row) | _first_word(row, prompt) for row in rows]}
        print_json({"machine": machine} | asked | found | {"bands": {k: asdict(v) for k, v in bands.items()}})
        return
    print_facts(
        [
            ("Computer", f"{processor_name()}, {n_threads} {'thread' if n_threads == 1 else 'threads'}"),
            *memories(pools),
            ("Model", f"{card.name}, {figures.parameters(card.n_parameters)} parameters"),
            ("Context", f"{figures.count(context)} tokens in {kv.value}"),
            ("Converting", f"{figures.size(memory_bytes(card))} of memory at most"),
        ]
    )
    made_for = card.hyperparameters.context_length
    notes = [
        "SIMULATED: memory as you gave it; speeds are this computer's." if is_simulated else "",
        "" if are_cards_known else f"Graphics cards are left out: {_SLOW_DRIVERS}",
        *found_speeds.notes(),
        f"The model was made for {figures.count(made_for)} tokens." if context > made_for else "",
    ]
    for note in filter(None, notes):
        print_note(note)
    print_line()
    print_rows(rows, depth, prompt)
    for sentence in [*graphics_sentences(rows), *band_sentences(bands)]:
        print_sentence(sentence)


def _asked_for_cards() -> bool:
    """Wait for the drivers of graphics cards, and say so if it takes longer; whether they have answered."""
    from octavo.engine.hardware.memory import wait_for_graphics

    if wait_for_graphics(1):
        return True
    print_note(f"Waiting for the driver of the graphics cards, {_SECONDS_FOR_DRIVERS} s at most.")
    return wait_for_graphics(_SECONDS_FOR_DRIVERS - 1)


def _first_word(row: FitRow, prompt_tokens: int) -> dict[str, float | None]:
    """The time from sending a prompt to the first token of the answer; none without a prompt."""
    seconds = row.speed.first_word_seconds(prompt_tokens) if row.speed and prompt_tokens else None
    return {"first_word_seconds": seconds}


def _machine(
    pools: Sequence[MemoryPool], processor: str, n_threads: int, found: KnownSpeeds
) -> dict[str, Any]:  # values that JSON knows
    from octavo.engine.simd.tier import active_tier

    ram = next((pool for pool in pools if pool.kind == "ram"), None)
    speeds = found.speeds
    return {
        "processor": processor,
        "threads": n_threads,
        "tier": active_tier().name,
        "memory_pools": [asdict(pool) for pool in pools],
        "held_by_others_bytes": ram.held_by_others_bytes if ram else 0,
        "bandwidth_bytes_per_second": speeds.bandwidth[-1][1] if speeds else None,
        "busy_while_timed": speeds.busy if speeds else None,
        "probe": found.as_json(),
    }


def _usual_context(card: ModelCard, pools: Sequence[MemoryPool], kv: KvType, n_threads: int) -> int:
    """The context that the loader would choose, or the shortest reasonable one where nothing fits."""
    from octavo.engine.estimate.fit import available_bytes
    from octavo.engine.estimate.memory import DEFAULT_CONTEXT, default_context
    from octavo.engine.estimate.verdict import FITS_SHARE

    allowed = int(FITS_SHARE * available_bytes(pools))
    fitting = default_context(card, None, allowed, kv_type=kv.value, n_threads=n_threads)
    return fitting or min(DEFAULT_CONTEXT, card.hyperparameters.context_length)
