"""Where a conversion goes by default, and how the same is said on the command line."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from octavo.gui.workspace import Model
from octavo.store.library import converted_folder
from octavo.worker.protocol import Convert, Copy

_PART = re.compile(r"-\d{5}-of-\d{5}$")
_TYPE_SUFFIX = re.compile(r"[-_.](i?q\d\w*|bf16|f16|f32|fp16|fp32)$", re.IGNORECASE)


def default_folder(model: Model, chosen: str) -> Path:
    """The folder that the user chose, else the source's own, else Octavo's folder for models."""
    if chosen:
        return Path(chosen)
    beside = Path(model.path).parent
    if model.is_demo or not os.access(beside, os.W_OK):
        return converted_folder()
    return beside


def default_name(model: Model, quantizer: str, layout: str = "") -> str:
    """``llama-3.2-3b-instruct-q4_k_m.gguf``; a layout that the format is not named after is told too."""
    path = Path(model.path)
    stem = "octavo-demo" if model.is_demo else (path.name if model.is_folder else path.stem)
    told = [_TYPE_SUFFIX.sub("", _PART.sub("", stem)), quantizer]
    if layout.lower() not in quantizer.lower():
        told.append(layout)
    return f"{'-'.join(told)}.gguf".lower().replace(" ", "-")


def command_lines(request: Convert) -> str:
    """The commands that make the same copies, a line for each."""
    return "\n".join(_command_line(request, each) for each in request.copies)


def _command_line(request: Convert, copy: Copy) -> str:
    options = [part for name, value in copy.options.items() for part in ("--set", f"{name}={value}")]
    force = ["--force"] if request.force else []
    to = ["--to", copy.quantizer, "-o", copy.output]
    damaged = ["--allow-damaged"] if request.allow_damaged else []
    return shlex.join(["octavo", "convert", request.path, *to, *options, *force, *damaged])
