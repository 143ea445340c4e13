"""The options of a chat: from the settings, back into them, and as the engine takes them."""

from __future__ import annotations

from octavo.gui.widgets.sampling_popover import ANY_SEED, ChatOptions
from octavo.gui.workspace import Workspace
from octavo.store.settings import Settings


def kept_options(kept: Settings) -> ChatOptions:
    """The options that were chosen last."""
    return ChatOptions(
        kept.system_prompt, kept.temperature, kept.top_k, kept.top_p, kept.min_p, kept.max_tokens
    )


def keep_options(workspace: Workspace, chosen: ChatOptions) -> None:
    """Save the options; the seed belongs to the moment."""
    workspace.change_settings(
        system_prompt=chosen.system_prompt,
        temperature=chosen.temperature,
        top_k=chosen.top_k,
        top_p=chosen.top_p,
        min_p=chosen.min_p,
        max_tokens=chosen.max_tokens,
    )


def sampling_of(options: ChatOptions) -> dict[str, float | int | None]:
    """The options as fields of ``inference.sampling.Sampling``."""
    return {
        "temperature": options.temperature,
        "top_k": options.top_k,
        "top_p": options.top_p,
        "min_p": options.min_p,
        "seed": None if options.seed == ANY_SEED else options.seed,
    }
