"""Conversions and measurements of the fake engine."""

from __future__ import annotations

from pathlib import Path

import msgspec
from tests.gui.fake_pipe import die, send, wait_for_cancel

from octavo.engine.measure.figures import Figure, Figures, Measurement
from octavo.worker.protocol import (
    Convert,
    Done,
    Failed,
    Forecasted,
    Measure,
    MeasureProgress,
    Message,
    Progressed,
)

FORECAST = {
    "memory_bytes": 310_000_000,
    "free_memory_bytes": 8_000_000_000,
    "disk_bytes": 1_000_000,
    "free_disk_bytes": 50_000_000_000,
    "file_bytes": [1_000_000],
    "seconds": 200.0,
}


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
