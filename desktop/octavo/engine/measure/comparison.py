"""Two models' answers to one prompt, beside each other: what each said, where they part, how far apart they are.

Plain facts without numpy, because the window shows them too.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    """What one of the two said, and what it took.

    Parameters
    ----------
    model : str
        Its path.
    name, type_name : str
        What to call it, and how its weights are stored.
    file_bytes, memory_bytes : int
        Of its files; of the running model with this context, as estimated.
    text : str
    tokens : list of int
        What was chosen, the token that ended the answer included.
    finish : str
        ``stop`` or ``length``.
    same_characters, marked_characters : int
        How many characters of the text the other answer has as well, and how many after them are the first token
        that differs; 0 where the answer ends there.
    prompt_tokens : int
    load_seconds : float
        0 where it was loaded already.
    first_token_seconds, prefill_tokens_per_second, tokens_per_second : float
    """

    model: str
    name: str
    type_name: str
    file_bytes: int
    memory_bytes: int
    text: str
    tokens: list[int]
    finish: str
    same_characters: int
    marked_characters: int
    prompt_tokens: int
    load_seconds: float
    first_token_seconds: float
    prefill_tokens_per_second: float
    tokens_per_second: float


@dataclass(frozen=True)
class Candidate:
    """A token that one of the two chose where they part.

    Parameters
    ----------
    token : int
    text : str
        As a person should see it.
    ends : bool
        Whether it ends the answer.
    first, second : float
        The probability that each model gives it there, before any sampling.
    """

    token: int
    text: str
    ends: bool
    first: float
    second: float


@dataclass(frozen=True)
class Parting:
    """The first token that differs: ``position`` tokens before it are the same."""

    position: int
    first: Candidate
    second: Candidate


@dataclass(frozen=True)
class FollowedToken:
    """A token of the first model's answer, as the second one sees it.

    Parameters
    ----------
    end : int
        Characters of the answer's text up to its end.
    first, second : float
        The probability that each model gives it.
    choice : str
        What the second model holds for likelier; empty where both hold the same token for the likeliest.
    divergence : float
        Kullback-Leibler divergence of the second model's distribution from the first one's, nats.
    """

    end: int
    first: float
    second: float
    choice: str
    divergence: float


@dataclass(frozen=True)
class Following:
    """How the second model takes the first one's answer: at each token it is told what came before.

    Parameters
    ----------
    same_top : int
        At how many of the tokens both hold the same one for the likeliest.
    mean_kl : float
        Mean Kullback-Leibler divergence of the second model's distributions from the first one's, nats.
    tokens : list of FollowedToken
        One for each token of the answer.
    """

    same_top: int
    mean_kl: float
    tokens: list[FollowedToken]


@dataclass(frozen=True)
class Comparison:
    """Two answers to one prompt.

    Parameters
    ----------
    prompt : str
    first, second : Answer
    same_tokens : bool
        Whether both models cut text into the same tokens; else the answers are compared by their characters.
    parting : Parting or None
        None where all tokens are the same, or cannot be compared.
    following : Following or None
        None where tokens cannot be compared.
    were_together : bool
        Whether both models were in memory at once.
    notes : list of str
        What a person should know, one sentence each.
    """

    prompt: str
    first: Answer
    second: Answer
    same_tokens: bool
    parting: Parting | None
    following: Following | None
    were_together: bool
    notes: list[str] = field(default_factory=list)

    @property
    def is_same(self) -> bool:
        """Whether both said the same."""
        return self.first.text == self.second.text and (
            not self.same_tokens or self.first.tokens == self.second.tokens
        )
