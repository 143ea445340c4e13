"""Whether a conversion takes as long, and as much memory, as it was foretold, and what it said meanwhile.

Run it on an idle machine; each conversion is a process of its own, and each round forecasts anew::

    python tests/benchmarks/convert_forecast.py MODEL --keep FOLDER --kind "Q4_K_M, best" --rounds 3

Prints, as Markdown, the time foretold and taken by kind, medians of all rounds, and the error of the time left after a
tenth of it. Processor seconds stand beside, which other programs change less.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

KINDS: dict[str, tuple[str, dict[str, str]]] = {
    "Q8_0, quick": ("Q8_0", {"mode": "quick"}),
    "Q6_K, quick": ("Q6_K", {"mode": "quick"}),
    "Q5_K_M, quick": ("Q5_K_M", {"mode": "quick"}),
    "Q4_K_M, quick": ("Q4_K_M", {"mode": "quick"}),
    "AWQ, folder": ("AWQ", {"output": "folder"}),
    "AWQ, compressed-tensors": ("AWQ", {"output": "compressed-tensors"}),
    "AWQ, GGUF": ("AWQ", {"output": "gguf"}),
    "Q8_0, best": ("Q8_0", {"mode": "best"}),
    "Q4_K_M, best": ("Q4_K_M", {"mode": "best"}),
}


def converted(model: Path, kind: str, target: Path, n_threads: int, most_seconds: float) -> dict[str, Any]:
    """Convert in this process; what was foretold, taken and said."""
    from octavo.cli.progress import Pace
    from octavo.engine.calibrate.prepare import prepare_kernels
    from octavo.engine.checkpoint.open import open_checkpoint
    from octavo.engine.convert.choose import chosen_output
    from octavo.engine.convert.convert import convert_all
    from octavo.engine.convert.forecast import forecast
    from octavo.engine.progress import finish
    from octavo.engine.quantize.options import build_options
    from octavo.plugin.host import PluginHost

    name, values = KINDS[kind]
    quantizer = PluginHost().quantizer(name)
    options = build_options(quantizer, values)
    with contextlib.closing(open_checkpoint(model)) as source:
        finish(prepare_kernels(source, quantizer, options))
        wish = chosen_output(source, quantizer, options, target, n_threads=n_threads)
        expected = forecast(source, [wish], n_threads=n_threads)
        began, processor, pace = time.monotonic(), time.process_time(), Pace()
        said: list[tuple[float, float, float, float]] = []
        with contextlib.closing(convert_all(source, [wish], n_threads=n_threads)) as work:
            for step in work:
                elapsed, left = time.monotonic() - began, pace.left(step)
                if left is not None:
                    said.append((elapsed, step.done / step.total, left, time.process_time() - processor))
                if most_seconds and elapsed > most_seconds:
                    break
    return {
        "foretold": expected.seconds,
        "foretold_bytes": expected.memory_bytes,
        "took": time.monotonic() - began,
        "processor": time.process_time() - processor,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "said": said,
    }


def main() -> None:
    """Convert the model in each way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds of rest before each conversion")
    parser.add_argument("--most-seconds", type=float, default=0.0, help="stop each conversion then")
    parser.add_argument("--trace", action="store_true", help="print what was said, each twentieth of the way")
    parser.add_argument("--one", choices=KINDS, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    chosen.keep.mkdir(parents=True, exist_ok=True)
    if chosen.one:
        target = chosen.keep / "timed.gguf"
        print(json.dumps(converted(chosen.model, chosen.one, target, chosen.threads, chosen.most_seconds)))
        return
    names = ("Kind", "Foretold, s", "Took, s", "Off by", "Processor, s", "Left off by", "In processor time")
    print(f"| {' | '.join(names)} | Memory foretold, MB | Taken, MB |")
    print(f"| --- |{' ---: |' * 8}")
    for kind in chosen.kind or KINDS:
        rounds = [_in_child(chosen, kind) for _ in range(chosen.rounds)]
        print(f"| {' | '.join([kind, *_figures(rounds)])} |", flush=True)
        for each in rounds if chosen.trace else []:
            _trace(each)


def _in_child(chosen: argparse.Namespace, kind: str) -> dict[str, Any]:
    """One conversion, and what it told of itself."""
    for old in (chosen.keep / "timed", chosen.keep / "timed.gguf"):
        shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
    time.sleep(chosen.pause)
    command = [sys.executable, __file__, str(chosen.model), "--keep", str(chosen.keep), "--one", kind]
    command += ["--threads", str(chosen.threads), "--most-seconds", str(chosen.most_seconds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if chosen.rounds > 1:
        print(f"  {kind}: {found['foretold']:.1f} s foretold, {found['took']:.1f} taken", file=sys.stderr)
    return found


def _figures(rounds: list[dict[str, Any]]) -> list[str]:
    """The columns of a row: medians; of errors on the way and of memory, the largest."""

    def usual(name: str) -> float:
        return statistics.median(each[name] for each in rounds)

    off = statistics.median(each["foretold"] / each["took"] - 1 for each in rounds)
    times = [f"{usual('foretold'):.1f}", f"{usual('took'):.1f}", f"{off:+.0%}", f"{usual('processor'):.1f}"]
    sizes = [f"{max(each[name] for each in rounds) / 1e6:.0f}" for name in ("foretold_bytes", "peak_bytes")]
    return [*times, *(f"{max(each):.0%}" for each in zip(*map(_lost, rounds), strict=True)), *sizes]


def _lost(found: dict[str, Any]) -> tuple[float, float]:
    """How wrong the time left was at worst after the first tenth, by the clock and in processor time."""
    took, work, said = found["took"], found["processor"], found["said"]
    late = [abs(at + left - took) / took for at, _, left, _ in said if at > took / 10]
    # The same with processor time as the clock: other programs change it less.
    lost = [abs(at / share - work) / work for _, share, _, at in said if at > work / 10]
    return max(late, default=0.0), max(lost, default=0.0)


def _trace(found: dict[str, Any]) -> None:
    took, said = found["took"], found["said"]
    for n in range(1, 20):
        at, share, left, _ = next((each for each in said if each[0] >= took * n / 20), said[-1])
        print(f"  after {at:.0f} s ({share:.0%}): {left:.0f} s left, {took - at:.0f} s were")


if __name__ == "__main__":
    main()
