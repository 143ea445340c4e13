"""What the child can do: each kind of request, and the model that is loaded between them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from octavo.engine.errors import OctavoError
from octavo.engine.measure.figures import Figures
from octavo.engine.progress import Progress
from octavo.engine.stop import Stop
from octavo.worker.compared_pair import ComparedPair
from octavo.worker.gathered_pieces import GatheredPieces
from octavo.worker.loaded_model import LoadedModel, load_model
from octavo.worker.outbox import Outbox
from octavo.worker.protocol import (
    Chat,
    Compare,
    ComparePiece,
    Convert,
    CountTokens,
    ExportChats,
    Forecasted,
    ImportChats,
    Inspect,
    ListModels,
    Load,
    Measure,
    MeasureBandwidth,
    MeasureProgress,
    Piece,
    ProbeSpeed,
    Request,
    TidyChats,
    Unload,
    Warm,
)

if TYPE_CHECKING:
    from octavo.engine.inference.reply import TextPiece
    from octavo.engine.measure.compare import Said
    from octavo.plugin.host import PluginHost

Result = TypeVar("Result")


class Stopped(Exception):
    """The request was cancelled before it had a result."""


class EngineDesk:
    """Answers requests, one at a time.

    Parameters
    ----------
    outbox : Outbox
        Takes what is told on the way.
    safe_mode : bool
        Load no plugin.
    only_shipped : bool
        Load the plugins that came with Octavo, whatever the settings say of others.
    """

    def __init__(self, outbox: Outbox, *, safe_mode: bool = False, only_shipped: bool = False) -> None:
        self._outbox = outbox
        self._safe_mode = safe_mode
        self._only_shipped = only_shipped
        self._model: LoadedModel | None = None
        self._pair = ComparedPair()

    def close(self) -> None:
        """Give the memory of all loaded models back."""
        self._pair.close()
        model, self._model = self._model, None
        if model is not None:
            model.close()

    def answer(self, request: Request, stop: Stop) -> Any:  # plain data
        """Do what is asked and return the result as plain data; raises ``Stopped`` if ``stop`` is set."""
        if stop.is_set():
            raise Stopped
        match request:
            case Inspect():
                return self._inspect(request)
            case ListModels():
                return self._list_models(request, stop)
            case MeasureBandwidth():
                from octavo.engine.hardware.bandwidth import read_bandwidth

                return {"bytes_per_second": read_bandwidth(request.n_threads)}
            case ProbeSpeed():
                return self._probe_speed(request, stop)
            case Load():
                return self._load(request, stop)
            case Chat():
                self._chat(request, stop)
            case CountTokens():
                return msgspec.to_builtins(self._loaded.count(request))
            case Convert():
                return self._convert(request, stop)
            case Measure():
                return self._measure(request, stop)
            case Compare():
                return self._compare(request, stop)
            case Warm():
                from octavo.engine.inference.needed_kernels import warm_kernels

                self._run(request, warm_kernels(), "compile", stop)
            case Unload():
                self.close()
            case TidyChats() | ImportChats() | ExportChats():
                from octavo.worker.chat_upkeep import keep_up

                return msgspec.to_builtins(self._run(request, keep_up(request), "chats", stop))
        return None

    @property
    def _loaded(self) -> LoadedModel:
        if self._model is None:
            raise OctavoError("No model is loaded.", "Open one first.")
        return self._model

    def _probe_speed(self, request: ProbeSpeed, stop: Stop) -> Any:
        from octavo.engine.estimate.speeds import known_speeds
        from octavo.engine.hardware.cores import usable_threads

        n_threads = request.n_threads or usable_threads()
        if request.only_known:
            return msgspec.to_builtins(known_speeds(n_threads))
        from octavo.engine.inference.speed_probe import read_speeds

        work = read_speeds(request.kinds, n_threads, again=request.again, compiles=request.compiles)
        return msgspec.to_builtins(self._run(request, work, "measure", stop))

    def _inspect(self, request: Inspect) -> Any:
        from octavo.store.cards import card_at
        from octavo.store.patience import Patience

        # The others are waiting: a file on a network that has gone must not hold them up for ever.
        with contextlib.closing(Patience()) as patience:
            return msgspec.to_builtins(patience.ask(lambda: card_at(Path(request.path))))

    def _list_models(self, request: ListModels, stop: Stop) -> Any:
        from octavo.store.cards import known_card
        from octavo.store.library import list_models
        from octavo.store.settings import load_settings

        # What was never read is listed at once and read afterwards, one by one.
        work = list_models(load_settings(), card_of=known_card)
        return msgspec.to_builtins(self._run(request, work, "open", stop))

    def _load(self, request: Load, stop: Stop) -> Any:
        self.close()
        self._model = self._run(request, load_model(request), "load", stop)
        return msgspec.to_builtins(self._model.report)

    def _chat(self, request: Chat, stop: Stop) -> None:
        model = self._loaded
        fitted = model.fit(request)
        ids = model.prompt_ids(fitted.messages, request.template) + model.continued_ids(request.continued)
        model.memory.turn_to(request.key, ids)
        # The reply heeds ``stop`` itself and then still has its figures.
        answer = model.reply(ids, request.sampling, request.max_tokens, stop, request.stop_texts)

        def send(_: int, text: str, n_tokens: int) -> None:
            self._outbox.send(Piece(id=request.id, text=text, n_tokens=n_tokens))

        def tell(step: Progress | TextPiece) -> None:
            if isinstance(step, Progress):
                self._outbox.progress(request.id, "prefill", step)
            else:
                pieces.add(step.text, step.n_tokens)

        with GatheredPieces(send) as pieces:
            replied = _run_to_the_end(answer, tell)
        self._outbox.send(msgspec.structs.replace(replied, id=request.id, n_dropped=fitted.n_dropped))

    def _convert(self, request: Convert, stop: Stop) -> Any:
        from octavo.worker.conversions import converted

        def tell(step: Progress | Forecasted) -> None:
            if isinstance(step, Progress):
                self._tell_progress(request, "convert", step, stop)
            else:
                self._outbox.send(msgspec.structs.replace(step, id=request.id))

        return msgspec.to_builtins(_run_to_the_end(converted(request, self._host), tell))

    @property
    def _host(self) -> PluginHost:
        from octavo.plugin.host import PluginHost
        from octavo.store.settings import load_settings

        enabled = () if self._only_shipped else load_settings().enabled_plugins
        return PluginHost(enabled, safe_mode=self._safe_mode)

    def _measure(self, request: Measure, stop: Stop) -> Any:
        from octavo.engine.checkpoint.open import open_checkpoint
        from octavo.engine.measure.job import measure_model
        from octavo.engine.measure.text import read_text
        from octavo.engine.quantize.options import build_options

        quantizer = options = None
        if request.quantizer:
            quantizer = self._host.quantizer(request.quantizer)
            options = build_options(quantizer, request.options)
        done, total = 0, 0

        def tell(step: Progress | Figures) -> None:
            nonlocal done, total
            if isinstance(step, Progress):
                done, total = step.done, step.total
                self._tell_progress(request, "measure", step, stop)
            else:
                self._outbox.send(MeasureProgress(id=request.id, done=done, total=total, figures=step))

        with contextlib.ExitStack() as opened:
            text = read_text(Path(request.text)) if request.text else None
            model = opened.enter_context(contextlib.closing(open_checkpoint(Path(request.path))))
            reference = None
            if request.reference:
                reference = opened.enter_context(contextlib.closing(open_checkpoint(Path(request.reference))))
            work = measure_model(
                model,
                quantizer=quantizer,
                options=options,
                reference=reference,
                text=text,
                tokens=request.tokens,
                stop=stop,
            )
            try:
                return msgspec.to_builtins(_run_to_the_end(work, tell))
            except OctavoError as error:
                if stop.is_set():  # a step that was stopped says that it has no result
                    raise Stopped from error
                raise

    def _compare(self, request: Compare, stop: Stop) -> Any:
        def send(number: int, text: str, n_tokens: int) -> None:
            self._outbox.send(ComparePiece(id=request.id, number=number, text=text, n_tokens=n_tokens))

        def tell(step: Progress | Said) -> None:
            if isinstance(step, Progress):
                pieces.flush()
                stage = {"prefill": "prefill", "comparing": "measure"}.get(step.label, "load")
                self._tell_progress(request, stage, step, stop)
            else:
                pieces.add(step.text, step.n_tokens, step.number)

        try:
            with GatheredPieces(send) as pieces:
                return msgspec.to_builtins(_run_to_the_end(self._pair.compare(request, stop), tell))
        except OctavoError as error:
            if stop.is_set():  # a step that was stopped says that it has no result
                raise Stopped from error
            raise

    def _run(
        self, request: Request, work: Generator[Progress, None, Result], stage: str, stop: Stop
    ) -> Result:
        """Run ``work``, telling its progress; closed, and ``Stopped`` raised, as soon as ``stop`` is set."""

        def tell(progress: Progress) -> None:
            self._tell_progress(request, stage, progress, stop)

        return _run_to_the_end(work, tell)

    def _tell_progress(self, request: Request, stage: str, progress: Progress, stop: Stop) -> None:
        if stop.is_set():
            raise Stopped
        shown = "compile" if progress.label.startswith("compile") else stage
        self._outbox.progress(request.id, shown, progress)


Step = TypeVar("Step")


def _run_to_the_end(work: Generator[Step, None, Result], tell: Callable[[Step], None]) -> Result:
    with contextlib.closing(work):
        while True:
            try:
                step = next(work)
            except StopIteration as end:
                result: Result = end.value
                return result
            tell(step)
