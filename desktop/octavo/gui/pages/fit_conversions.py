"""How long each conversion of a model would take: asked one after the other, the chosen format first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from octavo.gui.forecaster import Forecast, Forecaster
from octavo.store.library import converted_folder
from octavo.worker.convert_messages import Convert, Copy
from octavo.worker.protocol import Failed


class FitConversions(QObject):
    """Keeps what the forecaster has said of the model on view; ``changed`` tells of more."""

    changed = Signal()

    def __init__(self, forecaster: Forecaster, parent: QObject) -> None:
        super().__init__(parent)
        self._forecaster = forecaster
        self._path = ""
        self._names: list[str] = []
        self._known: dict[str, Forecast | Failed] = {}
        forecaster.changed.connect(self._take)

    @property
    def known(self) -> dict[str, Forecast | Failed]:
        """What is known by the format's name."""
        return self._known

    def want(self, path: str, names: Sequence[str]) -> None:
        """Learn of these formats of the model at ``path``, in this order."""
        if path != self._path:
            self._path, self._known = path, {}
        self._names = list(names)
        self._take()

    def _take(self) -> None:
        """Take what is known; ask for the first that is not."""
        for name in self._names:
            if name in self._known:
                continue
            found = self._forecaster.forecast(self._request(name))
            if found is None:
                return
            self._known[name] = found
            self.changed.emit()

    def _request(self, name: str) -> Convert:
        # Nothing is written there: a forecast only wants to know the disk.
        target = converted_folder() / f"forecast-{name}.gguf"
        return Convert(path=self._path, copies=[Copy(quantizer=name, output=str(target))])
