"""Prices of a model under settings that may be imagined; pure arithmetic, asked for at every step of a slider."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from octavo.engine.checkpoint.model import ModelCard
from octavo.engine.errors import OctavoError
from octavo.engine.estimate.fit import FitRow, default_options
from octavo.engine.estimate.memory import context_bytes, largest_context
from octavo.engine.hardware.pools import MemoryPool, imagined_pools
from octavo.engine.quantize.quantizer import Plan, Quantizer
from octavo.gui.pricing import WithOptions, price, usable_pools
from octavo.gui.workspace import Workspace

N_POINTS = 13
SHORTEST_CONTEXT = 64
CONTEXT_SPAN = 256

Points = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Wish:
    """What to price a model with; 0 bytes of memory mean: as the computer is."""

    context_tokens: int
    kv_type: str
    n_threads: int
    depth: int = 0
    ram_bytes: int = 0
    vram_bytes: int = 0
    n_cards: int = 1


class FitPrices:
    """Keeps what the slider does not change: the plans."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._found: list[Quantizer] = []
        self._usual: list[WithOptions] = []

    @property
    def quantizers(self) -> list[WithOptions]:
        """All quantizers as they usually work."""
        if not self._workspace.plugins_loaded:
            return []
        found = self._workspace.host.quantizers()
        if found != self._found:
            self._found = found
            self._usual = [WithOptions(each, default_options(each)) for each in found]
        return list(self._usual)

    def prepare(self, card: ModelCard, name: str) -> None:
        """Plan one format, before its price is asked for."""
        with suppress(OctavoError):  # its row will say so
            self._plan(card, name)

    def pools(self, wish: Wish) -> list[MemoryPool]:
        """The memories, as they are or as they are imagined."""
        cards = [wish.vram_bytes] * wish.n_cards if wish.vram_bytes else []
        return imagined_pools(usable_pools(self._workspace), ram=wish.ram_bytes, vram=cards)

    def ram(self, wish: Wish) -> MemoryPool:
        """The main memory among them."""
        found = (each for each in self.pools(wish) if each.kind == "ram")
        return next(found, MemoryPool("Memory", "ram", 0, 0))

    def rows(self, card: ModelCard, wish: Wish) -> list[FitRow]:
        """Every way to run the model, the smallest first."""
        rows = price(
            card,
            self._workspace,
            self.quantizers,
            context_tokens=wish.context_tokens,
            kv_type=wish.kv_type,
            n_threads=wish.n_threads,
            depth=min(wish.depth, wish.context_tokens),
            pools=self.pools(wish),
        )
        return sorted(rows, key=lambda each: each.total_bytes)

    def curves(self, card: ModelCard, wish: Wish, rows: Sequence[FitRow]) -> dict[str, Points]:
        """The memory of each of ``rows`` by context: they differ in their weights alone."""
        longest = max(card.hyperparameters.context_length, 2 * SHORTEST_CONTEXT)
        shortest = max(longest // CONTEXT_SPAN, SHORTEST_CONTEXT)
        growth = longest / shortest
        contexts = [round(shortest * growth ** (each / (N_POINTS - 1))) for each in range(N_POINTS)]
        needs = {
            tokens: context_bytes(card, tokens, kv_type=wish.kv_type, n_threads=wish.n_threads)
            for tokens in contexts
        }
        return {
            each.quantizer: tuple((t, each.weights_bytes + each.program_bytes + n) for t, n in needs.items())
            for each in rows
            if each.total_bytes
        }

    def largest(self, card: ModelCard, name: str, wish: Wish, share: float) -> int:
        """The longest context with which a format takes that share of the free memory; 0 if none does."""
        free = int(share * self.ram(wish).free_bytes)
        try:
            return largest_context(
                card, self._plan(card, name), free, kv_type=wish.kv_type, n_threads=wish.n_threads
            )
        except OctavoError:  # its row says that the cost is unknown
            return 0

    def kinds(self, card: ModelCard) -> set[str]:
        """The block types of the model's own matrices."""
        return {each.block_type.name for each in card.tensors if each.is_matrix}

    def all_kinds(self, card: ModelCard) -> set[str]:
        """And of those that the formats would make of them."""
        kinds = self.kinds(card)
        for quantizer in self.quantizers:
            try:
                plan = quantizer.plan(card.tensors, None)
            except OctavoError:  # its row says so
                continue
            kinds |= {plan.types[each.name].name for each in card.tensors if each.is_matrix}
        return kinds

    def _plan(self, card: ModelCard, name: str) -> Plan | None:
        quantizer = next((each for each in self.quantizers if each.name == name), None)
        return quantizer.plan(card.tensors, None) if quantizer else None
