"""Two models asked the same: their answers beside each other, and a vote that does not know which is which."""

from __future__ import annotations

import random
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QShowEvent

from octavo.engine.measure.comparison import Answer, Comparison
from octavo.gui.comparer import Comparer
from octavo.gui.pages.compare_result import CompareResult
from octavo.gui.pages.compare_shelf import CompareShelf
from octavo.gui.pages.compare_words import EXAMPLES, figures, going_on, marked, model_line, plain
from octavo.gui.widgets.answer_column import AnswerColumn
from octavo.gui.widgets.ballot import LEFT, TIE
from octavo.gui.widgets.button import Button
from octavo.gui.widgets.card import row
from octavo.gui.widgets.page import Page
from octavo.gui.widgets.problem_card import ProblemCard
from octavo.gui.widgets.prompt_bar import PromptBar
from octavo.gui.workspace import Model, Workspace
from octavo.store.comparisons import FIRST, SECOND, Comparisons, Kept
from octavo.worker.protocol import Compare, Failed, Progressed

_HIDDEN = ("Answer X", "Answer Y")


class ComparePage(Page):
    """The page of comparisons; column ``c`` shows answer ``order[c]``."""

    file_asked = Signal()

    def __init__(self, workspace: Workspace, comparer: Comparer, store: Comparisons) -> None:
        earlier = Button("Earlier", "secondary", "chevron-down", name="Earlier comparisons of the two")
        about = "Ask two models the same, and see where their answers part."
        super().__init__("Compare", about, earlier)
        self._workspace, self._comparer = workspace, comparer
        self._paths = ["", ""]
        self._order = [0, 1]
        self._found: Comparison | None = None
        self._number = 0
        self._is_hidden = False
        self._prompt = ""
        self._n_tokens = [0, 0]
        self.problem, self.result = ProblemCard(), CompareResult()
        self.columns = (AnswerColumn("left"), AnswerColumn("right"))
        self.bar = PromptBar(EXAMPLES)
        self.shelf = CompareShelf(store, earlier, self.problem)
        self.body.addWidget(self.problem)
        both = row(gap=16)
        for each in self.columns:
            both.addWidget(each, 1)
        self.body.addLayout(both, 1)
        self.body.addWidget(self.result)
        self.body.addWidget(self.bar)
        self._connect()
        self._show_models()

    def compare(self, first: str, second: str = "") -> None:
        """Compare these two; without a second, the likeliest partner of the first is offered."""
        if not self._comparer.is_asking:
            self._take([first, second or self._partner(first)])

    def stop(self) -> None:
        """Stop what is under way, if this page is on view."""
        if self.isVisible():
            self._comparer.stop()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._paths[0] and self._workspace.selected_path:
            self.compare(self._workspace.selected_path)
        self.bar.edit.setFocus()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():
            self._comparer.rest()

    def _connect(self) -> None:
        for place, column in enumerate(self.columns):
            column.chosen.connect(partial(self._choose, place))
            column.file_asked.connect(self.file_asked)
        self.bar.asked.connect(self._ask)
        self.bar.stop_asked.connect(self._comparer.stop)
        self.bar.blind_changed.connect(self._change_blind)
        self.result.voted.connect(self._vote)
        self.shelf.chosen.connect(self._show_kept)
        self.problem.primary.clicked.connect(self._ask_again)
        self._comparer.grew.connect(self._grow)
        self._comparer.progressed.connect(self._show_progress)
        self._comparer.compared.connect(self._keep)
        self._comparer.failed.connect(self._show_failure)
        self._workspace.models_changed.connect(self._show_models)
        self._workspace.model_changed.connect(self._show_models)

    def _models(self) -> list[Model | None]:
        return [self._workspace.model(each) for each in self._paths]

    def _partner(self, path: str) -> str:
        """The model of the list that was most likely made from the same source; empty if none was."""
        model = self._workspace.model(path)
        if model is None or model.card is None:
            return ""
        shape = model.card.hyperparameters
        for other in self._workspace.models:
            if other.path != path and other.card is not None and other.card.hyperparameters == shape:
                return other.path
        return ""

    def _choose(self, place: int, path: str) -> None:
        paths = list(self._paths)
        paths[self._order[place]] = path
        self._take(paths)

    def _take(self, paths: list[str]) -> None:
        """Compare these from now on; what they said last is shown again."""
        if paths == self._paths:
            return
        self._paths, self._order, self._is_hidden = paths, [0, 1], False
        self._begin()
        self._show_models()
        kept = self.shelf.turn_to(*paths)
        if kept is not None:
            self._show_kept(kept)

    def _begin(self) -> None:
        self._found = None
        self.problem.hide()
        self.result.clear()
        for each in self.columns:
            each.begin()

    def _show_models(self, path: str = "") -> None:
        """Show whose answers they are, or not yet; and the models to choose from."""
        models = self._models()
        choices = [
            (each.path, f"{each.name} · {each.type_name}")
            for each in self._workspace.models
            if each.card is not None
        ]
        for place, column in enumerate(self.columns):
            model = models[self._order[place]]
            column.show_choices(choices)
            column.change.setEnabled(not self._comparer.is_asking and not self._is_hidden)
            if self._is_hidden:
                column.show_model(_HIDDEN[place], "Shows its model after the vote", "sparkles")
            elif model is None:
                column.show_model("Choose a model", "With Change, or from Models and Convert", "box")
            else:
                column.show_model(model.name, model_line(model), "folder" if model.is_folder else "box")
        self.bar.allow(all(each is not None and each.card is not None for each in models))

    def _ask(self, prompt: str) -> None:
        self._prompt, self._n_tokens = prompt, [0, 0]
        self._is_hidden = self.bar.blind.isChecked()
        self._order = random.SystemRandom().sample([0, 1], 2) if self._is_hidden else [0, 1]
        self._begin()
        self._comparer.ask(
            Compare(
                first=self._paths[0],
                second=self._paths[1],
                prompt=prompt,
                max_tokens=self.bar.n_tokens,
                n_threads=self._workspace.settings.n_threads,
            )
        )
        self._show_asking(True)
        if not self._is_hidden:
            self._column(0).show_figures("Loading")
        else:
            self.result.show_waiting(0, 2 * self.bar.n_tokens)

    def _ask_again(self) -> None:
        if self._prompt and not self._comparer.is_asking:
            self._ask(self._prompt)

    def _show_asking(self, is_asking: bool) -> None:
        self.bar.show_asking(is_asking)
        self.shelf.allow(not is_asking)
        self._show_models()
        if not is_asking and not self.isVisible():
            self._comparer.rest()

    def _column(self, number: int) -> AnswerColumn:
        return self.columns[self._order.index(number)]

    def _grow(self, number: int, text: str, n_tokens: int) -> None:
        self._n_tokens[number] = n_tokens
        if self._is_hidden:
            self.result.show_waiting(sum(self._n_tokens), 2 * self.bar.n_tokens)
            return
        if text:
            self._column(number).text.grow(text)
        for each in range(number + 1):
            n = self._n_tokens[each]
            self._column(each).show_figures(f"{n} tokens" if n else "Loading")

    def _show_progress(self, number: int, event: Progressed) -> None:
        if not self._is_hidden:
            self._column(number).show_figures(going_on(event))

    def _keep(self, found: Comparison) -> None:
        self._number = self.shelf.keep(found)
        self._show_asking(False)
        if self._is_hidden and not found.is_same:
            self._found = found
            for place, column in enumerate(self.columns):
                column.show_answer(plain(self._answer(found, place)))
                column.show_figures("")
            self.result.show_ballot()
        else:
            self._reveal(found)

    def _answer(self, found: Comparison, place: int) -> Answer:
        return (found.first, found.second)[self._order[place]]

    def _reveal(self, found: Comparison, vote: str = "") -> None:
        """Show all that is known of a comparison."""
        self._found, self._is_hidden = found, False
        for place, column in enumerate(self.columns):
            column.show_answer(marked(found, self._order[place]))
            column.show_figures(figures(self._answer(found, place)))
        self._show_models()
        self.result.show_comparison(found, vote, self.shelf.tally(found))

    def _vote(self, choice: str) -> None:
        found = self._found
        if found is None or not self._is_hidden:
            return
        place = 0 if choice == LEFT else 1
        vote = choice if choice == TIE else (FIRST, SECOND)[self._order[place]]
        if self.shelf.vote(self._number, vote):
            self._reveal(found, vote)

    def _change_blind(self, is_blind: bool) -> None:
        if not is_blind and self._is_hidden and self._found is not None:
            self._reveal(self._found)

    def _show_failure(self, failed: Failed) -> None:
        self._is_hidden = False
        self._show_asking(False)
        self.result.clear()
        for each in self.columns:
            each.show_figures("Stopped" if each.text.text else "")
        if failed.kind != "cancelled":
            self.problem.show_problem(
                failed.message, failed.hint, primary="Try again", details=failed.details
            )

    def _show_kept(self, kept: Kept) -> None:
        self._order = [0, 1]
        self.problem.hide()
        self.bar.write(kept.comparison.prompt)
        self._number, self._prompt = kept.id, kept.comparison.prompt
        self._reveal(kept.comparison, kept.vote)
