"""The options of the chat on view: shown, kept with the chat, saved as presets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QWidget

from octavo.engine.errors import OctavoError
from octavo.gui.conversation import Conversation
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.gui.widgets.sampling_popover import SamplingPopover
from octavo.gui.widgets.template_dialog import TemplateDialog
from octavo.gui.workspace import Workspace
from octavo.store.chat_settings import ChatSettings
from octavo.store.settings import Settings
from octavo.worker.protocol import Load, LoadReport

SAVE_MS = 400


class ChatOptions(QObject):
    """The popover joined to the chat, the settings and the presets.

    A chat that has options of its own keeps them; the others follow what was chosen last.
    """

    changed = Signal()

    def __init__(
        self, panel: QWidget, workspace: Workspace, conversation: Conversation, problem: ProblemCard
    ) -> None:
        super().__init__(panel)
        self._panel, self._workspace = panel, workspace
        self._conversation, self._problem = conversation, problem
        self._report: LoadReport | None = None
        self._saving = QTimer(self, singleShot=True, interval=SAVE_MS)
        self._saving.timeout.connect(self._save)
        self.popover = SamplingPopover(panel, kept_settings(workspace.settings))
        self.popover.changed.connect(self._keep)
        self.popover.closed.connect(self.save_now)
        self.popover.template_asked.connect(self.show_template)
        self.popover.preset_chosen.connect(self._use_preset)
        self.popover.preset_kept.connect(self._keep_preset)
        self.popover.preset_removed.connect(self._remove_preset)

    @property
    def settings(self) -> ChatSettings:
        """How the chat on view is answered."""
        return self.popover.settings

    def show_report(self, report: LoadReport | None) -> None:
        """Know the model that is loaded, for its chat template."""
        self._report = report

    def save_now(self) -> None:
        """Write what has been changed, before the chat is another one."""
        if self._saving.isActive():
            self._saving.stop()
            self._save()

    def show_chat(self) -> None:
        """Show the options of the chat on view."""
        chat = self._conversation.chat
        kept = kept_settings(self._workspace.settings)
        if chat is not None:
            kept = chat.settings or replace(kept, system_prompt=chat.system_prompt)
        self.popover.show_settings(kept)
        self.changed.emit()

    def open(self, anchor: QWidget, *, focus_prompt: bool = False) -> None:
        """Open the popover at ``anchor``."""
        self.popover.show_presets(self._conversation.store.presets.all())
        self.popover.open_above(anchor, focus_prompt=focus_prompt)

    def choose_overflow(self, policy: str) -> None:
        """What happens when the conversation outgrows the context: ``stop`` or ``drop_oldest``."""
        is_stop = policy == "stop"
        self._take(replace(self.settings, overflow="stop" if is_stop else "drop_oldest"))

    def load_request(self, path: str) -> Load:
        """How to load the model at ``path`` for this chat."""
        kept, chosen = self._workspace.settings, self.settings
        model = self._workspace.model(path)
        longest = model.card.hyperparameters.context_length if model and model.card else 0
        # 0 lets the engine choose: the model's own context, as far as it fits.
        tokens = min(chosen.context_tokens or kept.context_tokens, longest)
        return Load(
            path=path,
            context_tokens=tokens,
            kv_type=chosen.kv_type or kept.kv_type,
            n_threads=kept.n_threads,
        )

    def use_template(self, source: str) -> None:
        """Write conversations with another template, or the model's own if ``source`` is empty."""
        self._take(replace(self.settings, template=source))

    def use_built_in_template(self) -> None:
        """Write conversations with the plain template that suits the model."""
        if self._report is not None:
            self.use_template(self._report.built_in_template)

    def show_template(self) -> None:
        """Show the chat template, for reading and changing."""
        self.popover.close()
        report = self._report
        dialog = TemplateDialog(
            self._panel,
            self.settings.template,
            report.template if report else "",
            built_in=report.built_in_template if report else "",
            note=report.template_note if report else "",
            findings=report.template_findings if report else (),
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self.use_template)
        dialog.open()

    def _take(self, settings: ChatSettings) -> None:
        self.popover.show_settings(settings)
        self._keep()
        self.save_now()

    def _keep(self) -> None:
        """What is changed holds at once; it is written when the typing pauses."""
        self._saving.start()
        self.changed.emit()

    def _save(self) -> None:
        chosen = self.settings
        self._workspace.change_settings(
            system_prompt=chosen.system_prompt,
            temperature=chosen.temperature,
            top_k=chosen.top_k,
            top_p=chosen.top_p,
            min_p=chosen.min_p,
            max_tokens=chosen.max_tokens,
        )
        self._try(lambda: self._conversation.keep_settings(chosen))

    def _use_preset(self, name: str) -> None:
        preset = self._conversation.store.presets.all().get(name)
        if preset is not None:
            self._take(preset)

    def _keep_preset(self, name: str) -> None:
        presets = self._conversation.store.presets
        self._try(lambda: presets.save(name, self.settings))
        self.popover.show_presets(presets.all(), " ".join(name.split()))

    def _remove_preset(self, name: str) -> None:
        presets = self._conversation.store.presets
        self._try(lambda: presets.remove(name))
        self.popover.show_presets(presets.all())

    def _try(self, keep: Callable[[], None]) -> None:
        """Keep something; where that fails the user is told, and it holds until the program ends."""
        try:
            keep()
        except OctavoError as error:
            self.popover.close()
            self._problem.show_problem(error.message, error.hint)


def kept_settings(kept: Settings) -> ChatSettings:
    """The options that were chosen last; the seed belongs to the moment."""
    return ChatSettings(
        system_prompt=kept.system_prompt,
        temperature=kept.temperature,
        top_k=kept.top_k,
        top_p=kept.top_p,
        min_p=kept.min_p,
        max_tokens=kept.max_tokens,
    )
