"""Two models that are compared, kept between the questions to them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from octavo.engine.errors import OctavoError
from octavo.worker.protocol import Compare

if TYPE_CHECKING:
    from octavo.engine.checkpoint.model import Checkpoint
    from octavo.engine.measure.compare import Comparing
    from octavo.engine.measure.pair import Pair
    from octavo.engine.stop import Stop


class ComparedPair:
    """At most one pair of models."""

    def __init__(self) -> None:
        self._opened: list[Checkpoint] = []
        self._pair: Pair | None = None
        self._named: tuple[str, str, int] = ("", "", 0)

    def compare(self, request: Compare, stop: Stop) -> Comparing:
        """Ask both; files that have changed since the last question are opened again."""
        from octavo.engine.inference.sampling import Sampling
        from octavo.engine.measure.compare import Question, compare

        try:
            sampling = msgspec.convert({"temperature": 0.0} | request.sampling, Sampling)
        except msgspec.ValidationError as error:
            raise OctavoError(f"This way of sampling is not possible: {error}.") from error
        question = Question(request.prompt, request.system, request.max_tokens, sampling)
        return (yield from compare(self._opened_pair(request), question, stop))

    def _opened_pair(self, request: Compare) -> Pair:
        from octavo.engine.checkpoint.open import open_checkpoint
        from octavo.engine.measure.pair import Pair

        named = (request.first, request.second, request.n_threads)
        is_known = named == self._named and all(each.unchanged() for each in self._opened)
        if self._pair is not None and is_known:
            return self._pair
        self.close()
        for path in named[:2]:
            self._opened.append(open_checkpoint(Path(path)))
        self._pair = Pair(*self._opened, n_threads=request.n_threads)
        self._named = named
        return self._pair

    def close(self) -> None:
        """Give all memory back."""
        with contextlib.ExitStack() as closing:
            for each in self._opened:
                closing.callback(each.close)
            if self._pair is not None:
                closing.callback(self._pair.close)
        self._opened, self._pair = [], None
