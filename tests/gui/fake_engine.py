"""A child that speaks the worker's protocol and does as the names and messages it is given tell it.

Paths: ``refused`` is no model, ``crash`` ends the child, ``endless`` loads until it is cancelled. Outputs of
conversions: ``slow`` waits to be cancelled, ``stubborn`` never heeds it, ``killed`` ends the child, ``damaged`` is
refused unless that is allowed. Measurements with options other than ``mode`` wait to be cancelled. Comparisons part
at the second word, unless the prompt is ``same``. Prompts and chat messages: ``wait`` waits to be cancelled,
``stubborn`` never heeds it, ``die`` kills the child, ``rubbish`` sends what is no message; any other chat message is
answered with the text itself, word by word.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
from pathlib import Path

import msgspec

# The folder that holds ``tests``.
sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.fixtures.cards import card

from octavo.engine.errors import OctavoError
from octavo.engine.estimate.speeds import CacheSpeed, KindSpeed, Speeds
from octavo.engine.measure.comparison import (
    Answer,
    Candidate,
    Comparison,
    FollowedToken,
    Following,
    Parting,
)
from octavo.engine.measure.figures import Figure, Figures, Measurement
from octavo.engine.progress import finish
from octavo.store.library import ModelEntry
from octavo.store.settings import load_settings
from octavo.worker.chat_upkeep import keep_up
from octavo.worker.protocol import (
    PROTOCOL_VERSION,
    Cancel,
    Chat,
    Compare,
    ComparePiece,
    Convert,
    CountTokens,
    Done,
    ExportChats,
    Failed,
    ForecastConvert,
    Forecasted,
    FrameReader,
    Hello,
    ImportChats,
    Inspect,
    ListModels,
    Load,
    LoadReport,
    Measure,
    MeasureBandwidth,
    MeasureProgress,
    Message,
    Piece,
    ProbeSpeed,
    Progressed,
    Replied,
    Request,
    TidyChats,
    Warm,
    decode_request,
    frame,
)

FORECAST = {
    "memory_bytes": 310_000_000,
    "free_memory_bytes": 8_000_000_000,
    "disk_bytes": 1_000_000,
    "free_disk_bytes": 50_000_000_000,
    "file_bytes": [1_000_000],
    "seconds": 200.0,
}
_frames = FrameReader()
_requests: list[Request] = []


def send(message: Message) -> None:
    """Put one message on the pipe."""
    os.write(1, frame(message))


def take() -> Request:
    """The next request; ends the child when there is none any more."""
    while not _requests:
        data = os.read(0, 65536)
        if not data:
            sys.exit(0)
        _requests.extend(decode_request(body) for body in _frames.feed(data))
    return _requests.pop(0)


def wait_for_cancel(*, heeds: bool) -> None:
    """Read requests until one cancels."""
    while not isinstance(take(), Cancel) or not heeds:
        pass


def die() -> None:
    """End as a crash does."""
    print("the last words of the engine", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


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


def convert(request: Convert) -> Message:
    """A forecast, progress, then files; or a wait."""
    send(Forecasted(id=request.id, seconds=2.0, calibration_seconds=0.0, memory_bytes=310_000_000))
    for step in (1, 2, 3):
        name = f"blk.{step}.ffn_up.weight"
        send(
            Progressed(
                id=request.id, stage="convert", done=step * 1000, total=4000, label=name, step=step, n_steps=4
            )
        )
    outputs = [each.output for each in request.copies]
    names = " ".join(Path(each).name for each in outputs)
    if "slow" in names or "stubborn" in names:
        wait_for_cancel(heeds="slow" in names)
        return Failed(id=request.id, kind="cancelled", message="Stopped.")
    if "killed" in names:
        die()
    if "damaged" in names and not request.allow_damaged:
        return Failed(
            id=request.id,
            kind="damaged_weights",
            message="The tensor blk.3.ffn_up.weight holds weights that are no finite numbers.",
            hint="Set them to 0 (--allow-damaged).",
        )
    return Done(id=request.id, result=[report(each) for each in outputs])


def report(output: str) -> dict[str, object]:
    """What the engine says of a copy that it has written."""
    Path(output).write_bytes(b"GGUF")
    return {
        "output": output,
        "file_bytes": 4,
        "predicted_bytes": 4,
        "seconds": 1.5,
        "peak_rss_bytes": 1,
        "sha256": "ab" * 32,
        "verified": True,
        "proof": {
            "tensors": 21,
            "source_tensors": 21,
            "template": "same",
            "tokens_source": [1, 2, 3],
            "tokens_result": [1, 2, 4],
            "first_difference": 2,
            "text_source": "The sea is deep",
            "text_result": "The sea is wide",
        },
    }


def measure(request: Measure) -> Message:
    """Figures of two parts, then of four; or a wait."""

    def figures(windows: int) -> Figures:
        kl, top = Figure(0.02, 0.015, 0.025), Figure(0.95, 0.94, 0.96)
        return Figures(windows, 256 * windows, Figure(9.0, 8.0, 10.0), mean_kl=kl, same_top_1=top)

    send(MeasureProgress(id=request.id, done=2, total=4, figures=figures(2)))
    if set(request.options) - {"mode"}:
        wait_for_cancel(heeds=True)
        return Failed(id=request.id, kind="cancelled", message="Stopped.")
    done = Measurement(
        figures(4), request.path, request.quantizer, request.path, 10, "the text", 1024, 256, 0, 0.1
    )
    return Done(id=request.id, result=msgspec.to_builtins(done))


def chat(request: Chat) -> Message:
    """The question again, word by word; or what it asks for."""
    question = request.messages[-1]["content"]
    send(Progressed(id=request.id, stage="prefill", done=5, total=10))
    finish, words = "stop", question.split(" ")
    if question == "refuse" and not request.template:
        return Failed(id=request.id, kind="conversation_refused", message="The chat template refuses this.")
    if question == "die":
        die()
    if question == "rubbish":
        os.write(1, b"\xff\xff\xff\xff no frame")
        wait_for_cancel(heeds=False)
    if question in ("wait", "stubborn"):
        send(Piece(id=request.id, text="half an answer", n_tokens=3))
        wait_for_cancel(heeds=question == "wait")
        finish, words = "cancelled", []
    for number, word in enumerate(words):
        send(Piece(id=request.id, text=word if not number else f" {word}", n_tokens=number + 1))
    send(
        Replied(
            id=request.id,
            text=question,
            tokens=list(range(len(words))),
            prompt_tokens=10,
            reused_tokens=0,
            prefill_tokens_per_second=100.0,
            tokens_per_second=12.5,
            first_token_seconds=0.2,
            finish=finish,
            context_used=42,
            measured_rss_bytes=300_000_000,
        )
    )
    return Done(id=request.id)


def compare(request: Compare) -> Message:
    """Two answers of three words that part at the second one; or what the prompt asks for."""
    if request.prompt == "die":
        die()
    texts = ["It rains often", "It rains often" if request.prompt == "same" else "It snows today"]
    for number, text in enumerate(texts):
        send(ComparePiece(id=request.id, number=number, text=""))
        send(Progressed(id=request.id, stage="load", done=1, total=2))
        if request.prompt == "wait" and number:
            wait_for_cancel(heeds=True)
            return Failed(id=request.id, kind="cancelled", message="Stopped.")
        for n_tokens, word in enumerate(text.split(), start=1):
            send(
                ComparePiece(
                    id=request.id, number=number, text=f" {word}" if n_tokens > 1 else word, n_tokens=n_tokens
                )
            )
    if "huge" in request.prompt:
        return Failed(id=request.id, kind="not_enough_memory", message="The model needs 9 GB.")
    is_same = texts[0] == texts[1]
    answers = [
        Answer(
            model=path,
            name=path,
            type_name=type_name,
            file_bytes=1000,
            memory_bytes=2_000_000,
            text=text,
            tokens=[1, 2 if is_same else 2 + number, 4],
            finish="stop",
            same_characters=len(text) if is_same else 2,
            marked_characters=0 if is_same else 6,
            prompt_tokens=5,
            load_seconds=0.1,
            first_token_seconds=0.2,
            prefill_tokens_per_second=100.0,
            tokens_per_second=12.5,
        )
        for number, (path, type_name, text) in enumerate(
            zip((request.first, request.second), ("F16", "Q4_K_M"), texts, strict=True)
        )
    ]
    candidates = Candidate(2, " rains", False, 0.6, 0.3), Candidate(3, " snows", False, 0.2, 0.5)
    followed = [
        FollowedToken(2, 0.9, 0.8, "", 0.01),
        FollowedToken(8, 0.6, 0.3, " snows", 0.2),
        FollowedToken(14, 0.5, 0.4, " much", 0.1),
    ]
    found = Comparison(
        prompt=request.prompt,
        first=answers[0],
        second=answers[1],
        same_tokens=True,
        parting=None if is_same else Parting(1, *candidates),
        following=Following(1, 0.1, followed),
        were_together=True,
    )
    return Done(id=request.id, result=msgspec.to_builtins(found))


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


def probe(request: ProbeSpeed) -> Message:
    """The same speed for every kind but IQ kinds, which are not compiled; nothing was known before."""
    if request.only_known:
        return Done(id=request.id)
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
            entries = [ModelEntry(path="/models/small.gguf", source="LM Studio", name="Small", bytes=1000)]
            for folder in load_settings().model_folders:
                found = sorted(Path(folder).glob("*.gguf"))
                entries += [
                    ModelEntry(path=str(each), source="Folder", name=each.stem, bytes=4) for each in found
                ]
            return Done(id=request.id, result=msgspec.to_builtins(entries))
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
