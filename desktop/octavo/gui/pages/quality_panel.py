"""Size against quality: what has been measured of the source's formats, and the way to measure more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal

from octavo.engine.measure.figures import Figures, Measurement
from octavo.gui.measurer import Measurer, Wish
from octavo.gui.theme.fonts import READING, SEMIBOLD, SMALL
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import Card, row
from octavo.gui.widgets.label import Label
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.gui.widgets.quality_chart import QualityChart, QualityPoint
from octavo.gui.wording import count
from octavo.store.measurements import Way
from octavo.worker.protocol import Failed, MeasureProgress, Progressed

_STAGES = {"compile": "preparing the engine", "open": "opening the model", "load": "loading"}


class QualityPanel(Card):
    """A picture of what is measured, with running figures.

    ``figured`` tells that a format has other figures; ask ``quality`` for them.
    """

    figured = Signal()

    def __init__(self, measurer: Measurer) -> None:
        super().__init__(padding=16, gap=8)
        self._measurer = measurer
        self._wishes: list[Wish] = []
        self._chosen = ""
        self._marked: list[str] = []
        self._sizes: Mapping[str, int] = {}
        self._known: dict[Way, Measurement] = {}
        self._running: tuple[Wish, Figures] | None = None
        self.chart, self.problem = QualityChart(), ProblemCard()
        self._status = Label("", SMALL, tone="text3", elide=True)
        self.measure = Button("Measure quality", "secondary", "gauge", height=30, size=SMALL)
        self.all = Button(
            "Measure all", "secondary", height=30, size=SMALL, name="Measure the quality of all formats"
        )
        self.stop = Button("Stop", "danger", height=30, size=SMALL, name="Stop measuring")
        self.stop.hide()
        head = row()
        head.addWidget(Label("Size against quality", READING, SEMIBOLD, elide=True), 1)
        for each in (self.measure, self.all, self.stop):
            head.addWidget(each)
        self.body.addLayout(head)
        self.body.addWidget(self._status)
        self.body.addWidget(self.chart)
        self.body.addWidget(self.problem)
        self.measure.clicked.connect(self._measure_marked)
        self.all.clicked.connect(self._measure_all)
        self.stop.clicked.connect(self._stop)
        measurer.begun.connect(self._show_begin)
        measurer.prepared.connect(self._show_preparation)
        measurer.figured.connect(self._show_running)
        measurer.measured.connect(self._show_measured)
        measurer.failed.connect(self._show_failure)
        measurer.ended.connect(self._show_end)

    def show_source(self, path: str, wishes: Sequence[Wish]) -> None:
        """Show what is known of the model at ``path``; ``wishes`` are all formats with their options."""
        self._wishes = list(wishes)
        self._known = self._measurer.known(path)
        self._show()

    def show_formats(self, chosen: str, marked: Sequence[str], sizes: Mapping[str, int]) -> None:
        """Show which format is on view, which are marked, and their sizes in bytes."""
        self._chosen, self._marked, self._sizes = chosen, list(marked), sizes
        self._show()

    def figures(self, name: str) -> tuple[Figures, bool] | None:
        """The figures of a format with its present options, and whether they are final; None if there are none."""
        wish = self._wish(name)
        if wish is None:
            return None
        known = self._known.get(wish.made)
        if known is not None:
            return known.figures, True
        running = self._running
        return (running[1], False) if running is not None and running[0] == wish else None

    def _wish(self, name: str) -> Wish | None:
        return next((each for each in self._wishes if each.quantizer == name), None)

    def _open(self, names: Sequence[str]) -> list[Wish]:
        """Those that have not been measured."""
        found = (self._wish(each) for each in names)
        return [each for each in found if each is not None and each.made not in self._known]

    def _measure_marked(self) -> None:
        self._ask(self._open(self._marked))

    def _measure_all(self) -> None:
        self._ask(self._open([each.quantizer for each in self._wishes]))

    def _ask(self, wishes: Sequence[Wish]) -> None:
        self.problem.hide()
        self._measurer.ask(wishes)

    def _stop(self) -> None:
        self.stop.setEnabled(False)
        self._status.show_text("Stopping")
        self._measurer.stop()

    def _show(self) -> None:
        points = []
        for wish in self._wishes:
            found = self.figures(wish.quantizer)
            kl = found[0].mean_kl if found else None
            size = self._sizes.get(wish.quantizer, 0)
            if kl is not None and size:
                is_chosen = wish.quantizer == self._chosen
                points.append(QualityPoint(wish.quantizer, size, kl.value, kl.low, kl.high, is_chosen))
        self.chart.show_points(points)
        is_measuring = self._measurer.is_measuring
        of = self._marked[0] if len(self._marked) == 1 else f"{len(self._marked)} formats"
        self.measure.show_text("Measure quality", f"Measure the quality of {of}")
        self.measure.setVisible(not is_measuring)
        self.measure.setEnabled(bool(self._open(self._marked)))
        self.all.setVisible(not is_measuring)
        self.all.setEnabled(bool(self._open([each.quantizer for each in self._wishes])))
        self.stop.setVisible(is_measuring)
        if not is_measuring:
            self._status.show_text(self._summary())

    def _summary(self) -> str:
        finals = [self._known[each.made] for each in self._wishes if each.made in self._known]
        if not finals:
            return "How close each format stays to the source: measured, before any file is written."
        latest = finals[-1]
        n_tokens = count(latest.figures.scored_tokens)
        return f"Measured on {n_tokens} tokens of {latest.text}; bars are 95 % intervals."

    def _show_begin(self, wish: Wish) -> None:
        self.stop.setEnabled(True)
        self._status.show_text(f"Measuring {wish.quantizer}: opening the model")
        self._show()

    def _show_preparation(self, wish: Wish, event: Progressed) -> None:
        share = f" {event.done / event.total:.0%}" if event.total else ""
        stage = _STAGES.get(event.stage, event.label or event.stage)
        early = self._early(wish) if not self._measurer.is_preview else ""
        self._status.show_text(f"Measuring {wish.quantizer}: {stage}{share}{early}")

    def _show_running(self, wish: Wish, event: MeasureProgress) -> None:
        self._running = (wish, event.figures)
        n_tokens = count(event.figures.scored_tokens)
        share = f"{event.done / event.total:.0%} of the text, " if event.total else ""
        how = ", not calibrated yet" if self._measurer.is_preview else ""
        self._status.show_text(f"Measuring {wish.quantizer}{how}: {share}{n_tokens} tokens compared so far")
        self._show()
        self.figured.emit()

    def _early(self, wish: Wish) -> str:
        """What the quick form of a format was found to be, while its calibration runs."""
        running = self._running
        top = running[1].same_top_1 if running is not None and running[0] == wish else None
        return f"; without calibration the same word {top.value:.1%} of the time" if top else ""

    def _show_measured(self, wish: Wish, measurement: Measurement) -> None:
        self._running = None
        if wish in self._wishes:
            self._known[wish.made] = measurement
        self._show()
        self.figured.emit()

    def _show_failure(self, wish: Wish, failed: Failed) -> None:
        self._running = None
        if failed.kind != "cancelled":
            title = f"{wish.quantizer} could not be measured: {failed.message}"
            self.problem.show_problem(title, failed.hint, details=failed.details)
        self.figured.emit()

    def _show_end(self) -> None:
        self._show()
        self.figured.emit()
