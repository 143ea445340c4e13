"""Looking for models in a folder that somebody adds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from octavo.worker.protocol import Failed

if TYPE_CHECKING:
    from octavo.gui.workspace import Workspace

# A folder with one of these is opened as a model, or refused in the engine's words; in others models are looked for.
ONE_MODEL = ("config.json", "adapter_config.json", "model_index.json")
HINT = "Octavo opens GGUF files, and folders with a config.json and safetensors files."


def is_one_model(folder: Path) -> bool:
    """Whether a folder is, or calls itself, one model."""
    return any((folder / each).is_file() for each in ONE_MODEL)


class FolderSearch(QObject):
    """Adds a folder to those that are looked through, and tells what came of it."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._folder = ""

    def look_in(self, folder: Path) -> None:
        """Look for models in ``folder``, now and at every start; where there is none, the workspace refuses it."""
        self._folder = str(folder)
        known = self._workspace.settings.model_folders
        if self._folder not in known:
            self._workspace.change_settings(model_folders=(*known, self._folder))
        self._workspace.look_for_models()

    def tell_found(self) -> None:
        """Lead to what was found in the folder that was added last, once it has been looked in."""
        workspace = self._workspace
        if workspace.is_looking or not self._folder:
            return
        folder, self._folder = self._folder, ""
        found = [each for each in workspace.models if Path(folder) in Path(each.path).parents]
        if found:
            workspace.select(next((each for each in found if not each.problem), found[0]).path)
            return
        kept = tuple(each for each in workspace.settings.model_folders if each != folder)
        workspace.change_settings(model_folders=kept)
        if any(Path(folder).glob("*.safetensors")):
            workspace.open_model(folder, select=True)  # the engine knows what is missing there
        else:
            failed = Failed(kind="unreadable_model", message=f"No model was found in {folder}.", hint=HINT)
            workspace.refused.emit(folder, failed)
