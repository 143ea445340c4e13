"""A child that speaks the worker's protocol and does as the names and messages it is given tell it.

Paths: ``refused`` is no model, ``crash`` ends the child, ``endless`` loads until it is cancelled. Outputs of
conversions: ``slow`` waits to be cancelled, ``stubborn`` never heeds it, ``killed`` ends the child, ``damaged`` is
refused unless that is allowed. Measurements with options other than ``mode`` wait to be cancelled. Comparisons part
at the second word, unless the prompt is ``same``. Prompts and chat messages: ``wait`` waits to be cancelled,
``stubborn`` never heeds it, ``die`` kills the child, ``rubbish`` sends what is no message; any other chat message is
answered with the text itself, word by word.

Every test of the window starts some of these: what only a few requests need is imported where it is needed.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import msgspec

# The folder that holds ``tests``.
sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.fixtures.cards import card
from tests.gui.fake_answers import chat, compare
from tests.gui.fake_conversions import FORECAST, convert, measure
from tests.gui.fake_pipe import die, send, take, wait_for_cancel

from octavo.engine.errors import OctavoError
from octavo.engine.progress import finish
from octavo.worker.protocol import (
    PROTOCOL_VERSION,
    Chat,
    Compare,
    Convert,
    CountTokens,
    Done,
    ExportChats,
    Failed,
    ForecastConvert,
    Hello,
    ImportChats,
    Inspect,
    ListModels,
    Load,
    LoadReport,
    Measure,
    MeasureBandwidth,
    Message,
    ProbeSpeed,
    Progressed,
    Request,
    TidyChats,
    Warm,
)


def inspect(request: Inspect) -> Message:
    """A card, a refusal, or a crash."""
    if "crash" in request.path:
        die()
    if "refused" in request.path:
        return Failed(
            id=request.id, kind="unreadable_model", message="This is no model.", hint="Choose another."
        )
    name = Path(request.path).stem.title()
    container = "gguf" if request.path.endswith(".gguf") else "safetensors"
    made = dataclasses.replace(
        card(n_layers=2, width=256, feed_forward=512, kv_heads=2, heads=4, vocabulary=512),
        path=request.path,
        name=name,
        container=container,
        has_chat_template=True,
    )
    return Done(id=request.id, result=msgspec.to_builtins(made))


def load(request: Load) -> Message:
    """A report, too little memory, or no end until it is cancelled."""
    send(Progressed(id=request.id, stage="load", done=1, total=2, label="blk.0"))
    if "endless" in request.path:
        wait_for_cancel(heeds=True)
        return Failed(id=request.id, kind="cancelled", message="Stopped.")
    if "huge" in request.path and request.context_tokens != 4096:
        return Failed(id=request.id, kind="not_enough_memory", message="Needs 8.4 GB, 7.9 GB are free.")
    report = LoadReport(
        context_tokens=request.context_tokens or 4096,
        kv_type=request.kv_type,
        n_threads=2,
        tier="avx2",
        load_seconds=0.1,
        predicted_bytes=250_000_000,
        measured_rss_bytes=260_000_000,
        template="{{ messages }}",
        template_findings=["The template contains a web address."] if "odd" in request.path else [],
        built_in_template="{{ plain }}",
    )
    return Done(id=request.id, result=msgspec.to_builtins(report))


def list_models(request: ListModels) -> Message:
    """One model, and what lies in the user's folders."""
    from octavo.store.library import ModelEntry
    from octavo.store.settings import load_settings

    entries = [ModelEntry(path="/models/small.gguf", source="LM Studio", name="Small", bytes=1000)]
    for folder in load_settings().model_folders:
        found = sorted(Path(folder).glob("*.gguf"))
        entries += [ModelEntry(path=str(each), source="Folder", name=each.stem, bytes=4) for each in found]
    return Done(id=request.id, result=msgspec.to_builtins(entries))


def probe(request: ProbeSpeed) -> Message:
    """The same speed for every kind but IQ kinds, which are not compiled; nothing was known before."""
    if request.only_known:
        return Done(id=request.id)
    from octavo.engine.estimate.speeds import CacheSpeed, KindSpeed, Speeds

    send(Progressed(id=request.id, stage="measure", done=0, total=2, label="attention"))
    kind = KindSpeed(decode=2e-11 / request.n_threads, prefill=2e-12 / request.n_threads, packing=1e-9)
    found = Speeds(
        request.n_threads,
        [(1 << 20, 2e10)],
        layer=1e-6,
        column=1e-10,
        kinds={each: kind for each in request.kinds if not each.startswith("IQ")},
        caches={each: CacheSpeed(1e-11, 1e-11) for each in ("f16", "q8_0")},
    )
    return Done(id=request.id, result=msgspec.to_builtins(found))


def keep_up_chats(request: TidyChats | ImportChats | ExportChats) -> Message:
    """What the real one does, for the chats are real ones too."""
    from octavo.worker.chat_upkeep import keep_up

    try:
        result = finish(keep_up(request))
    except OctavoError as error:
        return Failed(id=request.id, kind="octavo_error", message=error.message, hint=error.hint)
    return Done(id=request.id, result=msgspec.to_builtins(result))


def answer(request: Request) -> Message | None:
    """The event that ends a request."""
    match request:
        case Inspect():
            return inspect(request)
        case ListModels():
            return list_models(request)
        case CountTokens():
            n_tokens = sum(len(each["content"].split()) for each in request.messages)
            costs = [len(text.split()) for text in request.texts]
            return Done(id=request.id, result={"tokens": n_tokens, "text_tokens": costs})
        case Warm():
            for done in range(3 if "--cold" in sys.argv else 0):
                send(Progressed(id=request.id, stage="compile", done=done, total=3))
            return Done(id=request.id)
        case MeasureBandwidth():
            return Done(id=request.id, result={"bytes_per_second": 2e10})
        case ProbeSpeed():
            return probe(request)
        case Load():
            return load(request)
        case ForecastConvert():
            return Done(id=request.id, result=FORECAST)
        case Convert():
            return convert(request)
        case Measure():
            return measure(request)
        case Compare():
            return compare(request)
        case Chat():
            return chat(request)
        case TidyChats() | ImportChats() | ExportChats():
            return keep_up_chats(request)
    return None


def main() -> None:
    """Answer requests until there are no more."""
    send(Hello(protocol=PROTOCOL_VERSION, version="0", tier="avx2", n_threads=2))
    while True:
        message = answer(take())
        if message is not None:
            send(message)


main()
