"""Ask two models the same thing, and see where their answers part."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace

from octavo.engine.errors import OctavoError
from octavo.engine.inference.reply import Reply, TextPiece, reply
from octavo.engine.inference.sampling import Sampling
from octavo.engine.inference.session import Session
from octavo.engine.measure.comparison import Answer, Comparison, Following, Parting
from octavo.engine.measure.divergence import ReferenceWindow
from octavo.engine.measure.following import OwnAnswer, follow, own_answer, parting_of
from octavo.engine.measure.pair import LEAST_CONTEXT, Pair, PairedModel
from octavo.engine.progress import Progress
from octavo.engine.stop import Stop
from octavo.engine.tokenizer.template import chat_template, prompt_ids
from octavo.engine.tokenizer.tokenizer import Tokenizer

MOST_TOKENS = 1024
_CONTEXT_STEP = 256
_LOGIT_ROWS = 64  # float32 rows that teacher forcing computes together


@dataclass(frozen=True)
class Question:
    """What both are asked, and how they answer.

    Parameters
    ----------
    max_tokens : int
        Longest answer, 1 to ``MOST_TOKENS``.
    sampling : Sampling
        Where it draws without a seed, one is drawn for both.
    is_raw : bool
        The prompt is sent as it is, without the chat template; special tokens count.
    """

    prompt: str
    system: str = ""
    max_tokens: int = 256
    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=0))
    is_raw: bool = False


@dataclass(frozen=True)
class Said:
    """Some more of an answer; an empty text begins one.

    Parameters
    ----------
    number : int
        0 for the first model, 1 for the second.
    n_tokens : int
        Of the answer so far.
    """

    number: int
    text: str
    n_tokens: int


Step = Progress | Said
Comparing = Generator[Step, None, Comparison]


def compare(pair: Pair, question: Question, stop: Stop | None = None) -> Comparing:
    """Let both answer, the first one first, and compare what they say.

    Parameters
    ----------
    stop : Stop, optional
        Ends it, within a step too; it then raises OctavoError.

    Raises
    ------
    OctavoError
        The prompt is empty or too long.
    NotEnoughMemory
        One of the two does not fit.
    """
    return (yield from _Asked(pair, question, stop or Stop()).compare())


class _Asked:
    """One question to a pair."""

    def __init__(self, pair: Pair, question: Question, stop: Stop) -> None:
        if not 1 <= question.max_tokens <= MOST_TOKENS:
            raise OctavoError(
                f"An answer of {question.max_tokens:,} tokens cannot be compared.",
                f"Choose 1 to {MOST_TOKENS:,}.",
            )
        if not question.prompt.strip():
            raise OctavoError("There is nothing to answer: the prompt is empty.")
        seed = question.sampling.drawn_seed()
        self._question = replace(question, sampling=replace(question.sampling, seed=seed))
        self._pair, self._stop = pair, stop
        self._prompts = [_prompt(each, question) for each in pair.models]
        self._same_tokens = pair.has_same_tokens
        longest = max(map(len, self._prompts)) + question.max_tokens
        self._context_tokens = max(LEAST_CONTEXT, -(-longest // _CONTEXT_STEP) * _CONTEXT_STEP)

    def compare(self) -> Comparing:
        first_reply, first_load = yield from self._answer(0)
        own = yield from self._own(first_reply) if self._same_tokens else _nothing()
        second_reply, second_load = yield from self._answer(1)
        following, parting = None, None
        if own is not None:
            following, parting = yield from self._follow(own, second_reply)
        same, marked = self._marks(first_reply, second_reply, parting)
        return Comparison(
            prompt=self._question.prompt,
            first=self._told(0, first_reply, first_load, same, marked[0]),
            second=self._told(1, second_reply, second_load, same, marked[1]),
            same_tokens=self._same_tokens,
            parting=parting,
            following=following,
            were_together=self._pair.are_together,
            notes=self._notes(),
        )

    def _context(self, number: int) -> int:
        own = self._pair.models[number].checkpoint.hyperparameters.context_length
        return min(self._context_tokens, own)

    def _session(self, number: int) -> Generator[Progress, None, Session]:
        n_vocabulary = self._pair.models[number].checkpoint.hyperparameters.n_vocabulary
        beside = 0
        if self._same_tokens:
            beside = ReferenceWindow.bytes_for(self._question.max_tokens, n_vocabulary)
            beside += 4 * _LOGIT_ROWS * n_vocabulary
        return self._pair.session(number, self._context(number), beside)

    def _answer(self, number: int) -> Generator[Step, None, tuple[Reply, float]]:
        """What one of the two says, and the seconds that loading it took."""
        yield Said(number, "", 0)
        session = yield from self._session(number)
        model = self._pair.models[number]
        question = self._question
        answering = reply(
            session,
            model.tokenizer,
            self._prompts[number],
            question.sampling,
            question.max_tokens,
            stop=self._stop,
        )
        while True:
            try:
                step = next(answering)
            except StopIteration as end:
                said: Reply = end.value
                break
            yield Said(number, step.text, step.n_tokens) if isinstance(step, TextPiece) else step
        if said.finish == "cancelled":
            raise OctavoError("The comparison was stopped.")
        return said, model.load_seconds

    def _own(self, said: Reply) -> Generator[Step, None, OwnAnswer | None]:
        session = yield from self._session(0)
        with session.stopped_by(self._stop):
            return (yield from own_answer(session, self._prompts[0], said.tokens))

    def _follow(self, own: OwnAnswer, said: Reply) -> Generator[Step, None, tuple[Following, Parting | None]]:
        session = yield from self._session(1)
        tokenizer = self._pair.models[1].tokenizer
        place = _parting_place(own.tokens, said.tokens)
        with session.stopped_by(self._stop):
            followed = yield from follow(
                session,
                tokenizer,
                self._prompts[1],
                own,
                token_ends(self._pair.models[0].tokenizer, own.tokens),
                None if place is None else (place, said.tokens[place]),
            )
        if place is None or followed.at_parting is None:
            return followed.following, None
        other = said.tokens[place]
        return followed.following, parting_of(own, place, other, followed.at_parting, tokenizer)

    def _marks(self, first: Reply, second: Reply, parting: Parting | None) -> tuple[int, tuple[int, int]]:
        """How many characters are the same, and how many after them are the first that differ, of each."""
        if not self._same_tokens:
            return _text_marks(first.text, second.text)
        if parting is None:
            return len(first.text), (0, 0)
        same, marked = 0, []
        for model, said in zip(self._pair.models, (first, second), strict=True):
            ends = [0, *token_ends(model.tokenizer, said.tokens)]
            same = ends[parting.position]
            # A token may be a part of a character: then the rest of it is marked as well.
            after = next((each for each in ends[parting.position + 1 :] if each > same), same)
            ended = said.tokens[parting.position] in model.tokenizer.stop_ids
            marked.append(0 if ended else after - same)
        return same, (marked[0], marked[1])

    def _told(self, number: int, said: Reply, load_seconds: float, same: int, marked: int) -> Answer:
        checkpoint = self._pair.models[number].checkpoint
        card = checkpoint.card
        return Answer(
            model=str(checkpoint.path),
            name=card.name or checkpoint.path.stem,
            type_name=card.type_name,
            file_bytes=card.file_bytes,
            memory_bytes=self._pair.memory_bytes(number, self._context(number)),
            text=said.text,
            tokens=said.tokens,
            finish=said.finish,
            same_characters=same,
            marked_characters=marked,
            prompt_tokens=said.prompt_tokens,
            load_seconds=load_seconds,
            first_token_seconds=said.first_token_seconds,
            prefill_tokens_per_second=said.prefill_tokens_per_second,
            tokens_per_second=said.tokens_per_second,
        )

    def _notes(self) -> list[str]:
        notes = []
        if not self._same_tokens:
            notes.append(
                "The two cut text into different tokens, so their answers are compared letter by letter."
            )
        elif self._prompts[0] != self._prompts[1]:
            notes.append("Their chat templates put the question differently; each was asked in its own way.")
        if not self._question.is_raw:
            notes += [chat_template(each.checkpoint).note for each in self._pair.models]
        return list(dict.fromkeys(filter(None, notes)))


def token_ends(tokenizer: Tokenizer, tokens: Sequence[int]) -> list[int]:
    """How long the text of an answer is after each of its tokens, characters."""
    stream, ends, n = tokenizer.stream(), [], 0
    for token in tokens:
        n += 0 if token in tokenizer.stop_ids else len(stream.push(token))
        ends.append(n)
    return ends


def _prompt(model: PairedModel, question: Question) -> list[int]:
    tokenizer = model.tokenizer
    if question.is_raw:
        return tokenizer.raw_ids(question.prompt)
    messages = [{"role": "system", "content": question.system}] if question.system else []
    messages.append({"role": "user", "content": question.prompt})
    return prompt_ids(model.checkpoint, tokenizer, messages)


def _parting_place(one: Sequence[int], other: Sequence[int]) -> int | None:
    """The first token that differs; None where none does."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)


def _text_marks(one: str, other: str) -> tuple[int, tuple[int, int]]:
    """How many characters are the same, and how many after them finish the word in which they part."""
    same = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if same is None:
        same = min(len(one), len(other))
    return same, (_rest_of_word(one, same), _rest_of_word(other, same))


def _rest_of_word(text: str, start: int) -> int:
    rest = text[start:]
    blanks = len(rest) - len(rest.lstrip())
    return blanks + len(rest[blanks:].split(maxsplit=1)[0]) if rest.strip() else len(rest)


def _nothing() -> Generator[Step, None, None]:
    return None
    yield
