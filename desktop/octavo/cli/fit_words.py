"""The lines of ``octavo fit``."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from octavo.cli import figures
from octavo.cli.output import print_line, print_sentence, print_table

if TYPE_CHECKING:
    from octavo.engine.estimate.fit import FitRow
    from octavo.engine.estimate.graphics import GraphicsFit
    from octavo.engine.hardware.pools import MemoryPool
    from octavo.store.ledger import Band

_BAND_NAMES = {
    "memory_bytes": "memory",
    "loading_bytes": "memory while loading",
    "tokens_per_second": "speed of answers",
    "prefill_tokens_per_second": "speed of prompts",
    "load_seconds": "loading",
    "convert_bytes": "memory to convert",
    "convert_seconds": "time to convert",
}


def memories(pools: Sequence[MemoryPool]) -> list[tuple[str, str]]:
    """Each memory, and what others hold of it."""
    return [
        (
            pool.name,
            f"{figures.size(pool.free_bytes)} free of {figures.size(pool.total_bytes)}, "
            f"other programs hold {figures.size(pool.held_by_others_bytes)}",
        )
        for pool in pools
    ]


def print_rows(rows: Sequence[FitRow], depth: int, prompt_tokens: int = 0) -> None:
    """The table, then why what does not run well does not."""
    after = f" AT {depth}" if depth else ""
    sizes = ("", "FILE", "WEIGHTS", "CONTEXT", "WORKING", "PROGRAM", "MEMORY", "LONGEST")
    headings = [*sizes, f"ANSWERS{after}", f"PROMPTS{after}", "LOADS IN", "VERDICT"]
    cells = [_cells(row) for row in rows]
    if prompt_tokens:
        headings.insert(-2, "FIRST WORD")
        for line, row in zip(cells, rows, strict=True):
            line.insert(-2, figures.seconds(row.speed.first_word_seconds(prompt_tokens)) if row.speed else "")
    print_table(headings, cells, right="lrrrrrrrrrrr")
    print_line()
    for sentence in _reasons(rows):
        print_sentence(sentence)
    print_sentence(
        "Sizes of files are exact, memory and speed are estimates. LONGEST: context that runs well."
    )


def _reasons(rows: Sequence[FitRow]) -> list[str]:
    """Why what does not run well does not, and what would; rows that share a way out share a sentence."""
    shared: dict[str, list[FitRow]] = {}
    for row in rows:
        if row.verdict != "runs well":
            shared.setdefault(row.sentence.partition(": ")[2] or row.sentence, []).append(row)
    told = []
    for reason, those in shared.items():
        names = ", ".join(row.quantizer for row in those)
        is_alone = len(those) == 1
        told.append(f"{names}: {those[0].sentence if is_alone else reason[:1].upper() + reason[1:]}")
    return told


def _cells(row: FitRow) -> list[str]:
    guess = "~" if row.speed and row.speed.unknown else ""
    parts = (row.weights_bytes, row.kv_bytes, row.working_bytes, row.program_bytes, row.total_bytes)
    return [
        row.quantizer,
        figures.size(row.file_bytes) if row.file_bytes else "",
        *(figures.size(part) if row.total_bytes else "" for part in parts),
        figures.count(row.largest_context) if row.total_bytes else "",
        guess + figures.speed(row.tokens_per_second) if row.tokens_per_second else "",
        guess + figures.speed(row.prefill_tokens_per_second) if row.prefill_tokens_per_second else "",
        guess + figures.seconds(row.load_seconds) if row.load_seconds else "",
        row.verdict,
    ]


def graphics_sentences(rows: Sequence[FitRow]) -> list[str]:
    """For each graphics memory, what other programs could put there of each form, and how that was worked out."""
    sentences = []
    priced = [row for row in rows if row.graphics]
    places = [{row.quantizer: row.graphics[n] for row in priced} for n in range(_n_places(priced))]
    for pools, found in _alike(places):
        name, first = next(iter(found.items()))
        told = _layers_that_fit(found)
        sentences.append(f"{pools.rstrip(',')}, layers that llama.cpp puts there: {told}.")
        sentences.append(f"Worked out, {name} ({first.flags}): {first.formula}.")
    if places:
        told = "; ".join(f"on {pools} for {_whole_models(found)}" for pools, found in _alike(places))
        sentences.append(
            "vLLM takes a model whole or not at all, if it reads its format: weights and a cache in 16 bits within "
            f"0.9 of each card, where it computes as well. There would be room {told}."
        )
    return sentences


def _alike(places: Sequence[dict[str, GraphicsFit]]) -> list[tuple[str, dict[str, GraphicsFit]]]:
    """The same, each with its name; those of which the same holds share a place."""
    names: dict[tuple[GraphicsFit, ...], list[str]] = {}
    first: dict[tuple[GraphicsFit, ...], dict[str, GraphicsFit]] = {}
    for found in places:
        key = tuple(replace(each, pool="") for each in found.values())
        names.setdefault(key, []).append(next(iter(found.values())).pool)
        first.setdefault(key, found)
    return [
        (" and ".join(those) + (", each," if len(those) > 1 else ""), first[key])
        for key, those in names.items()
    ]


def _n_places(priced: Sequence[FitRow]) -> int:
    return len(priced[0].graphics) if priced else 0


def _whole_models(found: Mapping[str, GraphicsFit]) -> str:
    """``Q4_0, Q4_K_M``."""
    whole = [name for name, each in found.items() if each.fits_vllm]
    return "every form" if len(whole) == len(found) else ", ".join(whole) or "no form"


def _layers_that_fit(found: Mapping[str, GraphicsFit]) -> str:
    """``Q8_0 12 of 33; all of Q4_0, Q4_K_M``."""
    parts = [f"{name} {each.n_layers} of {each.of_layers}" for name, each in found.items() if not each.fits]
    whole = [name for name, each in found.items() if each.fits]
    if not any(each.n_layers for each in found.values()):
        return f"none of {next(iter(found.values())).of_layers}, of no form"
    if not whole:
        return ", ".join(parts)
    if not parts:
        return f"all {next(iter(found.values())).of_layers} of every form"
    return f"{', '.join(parts)}; all of {', '.join(whole)}"


def bands_of_the_ledger() -> dict[str, Band]:
    """How good the estimates have been so far."""
    from octavo.engine.errors import OctavoError
    from octavo.store.ledger import Ledger

    with contextlib.suppress(OctavoError), Ledger() as ledger:  # a table without them is still right
        return ledger.bands()
    return {}


def band_sentences(bands: Mapping[str, Band]) -> list[str]:
    """``Of what was measured here, nine in ten were within: memory 4 % (12 times)``."""
    told = [
        f"{name} {100 * bands[kind].within:.0f} % ({bands[kind].n_entries} times)"
        for kind, name in _BAND_NAMES.items()
        if kind in bands
    ]
    if not told:
        return []
    return [
        f"Of what was measured here so far, nine in ten were this close to the estimate: {', '.join(told)}."
    ]
