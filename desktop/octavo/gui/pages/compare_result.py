"""Under the two answers: what they show, or the vote on them, and what all votes say."""

from __future__ import annotations

from PySide6.QtCore import Signal

from octavo.engine.measure.agreement import following_sentence, parting_sentence, short_names
from octavo.engine.measure.comparison import Comparison
from octavo.engine.measure.tally import Tally
from octavo.gui.markdown.clean_text import clean
from octavo.gui.pages.compare_words import legend
from octavo.gui.theme.fonts import BODY, MEDIUM, SMALL
from octavo.gui.widgets.ballot import Ballot
from octavo.gui.widgets.card import Card
from octavo.gui.widgets.label import Label
from octavo.gui.wording import count
from octavo.store.comparisons import FIRST, TIE


class CompareResult(Card):
    """Hidden until there is something to say."""

    voted = Signal(str)

    def __init__(self) -> None:
        super().__init__(padding=14, gap=6)
        self._parting = Label("", BODY, MEDIUM, wrap=True)
        self._following = Label("", SMALL, tone="text2", wrap=True)
        self._votes = Label("", SMALL, tone="text2", wrap=True)
        self._legend = Label("", SMALL, tone="text3", wrap=True)
        self.ballot = Ballot()
        for each in (self._parting, self._following, self._votes, self._legend, self.ballot):
            self.body.addWidget(each)
        self.ballot.voted.connect(self.voted)
        self.clear()

    @property
    def text(self) -> str:
        """What it says."""
        labels = (self._parting, self._following, self._votes, self._legend)
        return " ".join(each.text() for each in labels if each.text())

    def clear(self) -> None:
        """Say nothing."""
        self.ballot.hide()
        self._say()
        self.hide()

    def show_waiting(self, n_tokens: int, most_tokens: int) -> None:
        """Both answer and nothing is shown of it."""
        told = f"{count(n_tokens)} of at most {count(most_tokens)} tokens"
        self._say(f"Both answer out of sight, so that their speed gives nothing away: {told}.")
        self.ballot.hide()

    def show_ballot(self) -> None:
        """Ask which answer is better."""
        self._say()
        self.ballot.show()

    def show_comparison(self, found: Comparison, vote: str, tally: Tally) -> None:
        """Show what is known, the vote if there was one, and the tally of all."""
        self.ballot.hide()
        names = short_names(found)
        votes = []
        if vote:
            chosen = "a tie" if vote == TIE else f"the answer of {names[0] if vote == FIRST else names[1]}"
            votes.append(f"You chose {chosen}.")
        if tally.decided or tally.ties:
            votes.append(f"Blind votes: {tally.sentence(*names)}")
        self._say(
            clean(parting_sentence(found)), clean(following_sentence(found)), " ".join(votes), legend(found)
        )

    def _say(self, parting: str = "", following: str = "", votes: str = "", legend: str = "") -> None:
        texts = (parting, following, votes, legend)
        labels = (self._parting, self._following, self._votes, self._legend)
        for label, text in zip(labels, texts, strict=True):
            label.show_text(text)
            label.setVisible(bool(text))
        self.show()
