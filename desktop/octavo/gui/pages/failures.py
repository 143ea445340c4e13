"""What went wrong with an answer, told with the next steps."""

from __future__ import annotations

from octavo.gui.widgets.problem_card import ProblemCard
from octavo.gui.wording import context
from octavo.worker.protocol import Failed

SMALLER_CONTEXT = 4096

# What the first button does, by the kind of failure.
_STEPS = {
    "crash": "Restart the engine",
    "not_enough_memory": f"Restart with {context(SMALLER_CONTEXT)} context",
    "context_full": "Leave out the oldest messages",
}

# The chat template is broken, or does not take this conversation.
TEMPLATE_FAILURES = ("template_failed", "conversation_refused")


def show_failure(
    card: ProblemCard, failed: Failed, *, is_saved: bool, has_own_template: bool = False
) -> None:
    """Show ``failed`` on ``card``.

    Parameters
    ----------
    is_saved : bool
        Whether there is a chat, which is on the disk.
    has_own_template : bool
        Whether the chat is written with a template that the user chose.
    """
    if failed.kind in TEMPLATE_FAILURES:
        step = "Use the model's own template" if has_own_template else "Use the built-in template"
        card.show_problem(failed.message, primary=step, details=failed.details)
        return
    saved = "This chat is saved." if is_saved else ""
    card.show_problem(
        failed.message,
        f"{failed.hint} {saved}".strip(),
        primary=_STEPS.get(failed.kind, "Try again"),
        secondary="Choose a smaller format" if failed.kind == "not_enough_memory" else "",
        details=failed.details,
    )
