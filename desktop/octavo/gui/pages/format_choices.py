"""What the user has chosen of each format: its options, and what its file is to be called."""

from __future__ import annotations

import dataclasses
from typing import Any

from octavo.engine.estimate.fit import default_options
from octavo.engine.quantize.options import changed_options
from octavo.engine.quantize.quantizer import Quantizer
from octavo.gui.pages.targets import default_name
from octavo.gui.workspace import Model


class FormatChoices:
    """Choices by the name of the format; what is not chosen is as usual."""

    def __init__(self) -> None:
        self._options: dict[str, Any] = {}  # instances of the quantizers' own Options
        self._names: dict[str, str] = {}

    def options(self, quantizer: Quantizer) -> Any:  # an instance of its Options, or None
        """The options of a format."""
        return self._options.get(quantizer.name, default_options(quantizer))

    def changed(self, quantizer: Quantizer) -> dict[str, Any]:  # values of the options' own types
        """The options that are not as usual."""
        return changed_options(self.options(quantizer))

    def quick(self, quantizer: Quantizer) -> dict[str, Any]:  # as above
        """The changed options, but made without calibration; empty where that is no question."""
        options = self.options(quantizer)
        is_quick = getattr(options, "mode", "") not in ("auto", "best") or getattr(
            options, "compatible", False
        )
        return {} if is_quick else self.changed(quantizer) | {"mode": "quick"}

    def choose(self, quantizer: Quantizer, options: Any) -> None:  # an instance of its Options
        """Take options."""
        self._options[quantizer.name] = options

    def rules(self, quantizer: Quantizer) -> str:
        """The rules for single tensors; empty if there are none."""
        holder = rules_field(quantizer)
        return str(getattr(self.options(quantizer), holder)) if holder else ""

    def choose_rules(self, quantizer: Quantizer, rules: str) -> None:
        """Take rules for single tensors."""
        holder = rules_field(quantizer)
        if holder:
            self.choose(quantizer, dataclasses.replace(self.options(quantizer), **{holder: rules}))

    def file_name(self, model: Model, quantizer: Quantizer, *, layout: str = "") -> str:
        """What the file is to be called, or the folder that is laid out as ``layout`` says."""
        name = self._names.get(quantizer.name, "").strip() or default_name(model, quantizer.name, layout)
        stem = name.removesuffix(".gguf")
        return stem if layout else f"{stem}.gguf"

    def rename(self, quantizer: Quantizer, name: str) -> None:
        """Take another name for its file; an empty one means the usual one."""
        self._names[quantizer.name] = name

    def forget_source(self, quantizers: list[Quantizer]) -> None:
        """Drop what was chosen for one model only: names of files, and rules for single tensors."""
        self._names.clear()
        for each in quantizers:
            if self.rules(each):
                self.choose_rules(each, "")


def rules_field(quantizer: Quantizer) -> str:
    """The option that takes rules for single tensors; empty where there is none."""
    if quantizer.Options is None:
        return ""
    fields = dataclasses.fields(quantizer.Options)
    return next((each.name for each in fields if each.metadata.get("holds") == "tensor types"), "")
